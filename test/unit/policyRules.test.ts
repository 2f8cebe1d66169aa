import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../aws-plugin/propertyValue.ts";
import { type DeclaredResource, violationsOf } from "../../policy/policies.ts";
import { stackConfig } from "./configFixtures.ts";

const admin = "arn:aws:iam::111111111111:role/admin";
const entry = {
  region: "us-east-1",
  cluster_name: "^blue$",
  restrict_roles: [{ role_arn: "role/admin$", allow: [{ namespace: "^ops$" }] }],
};
const ownTags = { "managed-by": "eks-auto-pod-id-assoc" };
const inputs = {
  clusterName: "blue",
  namespace: "shop",
  serviceAccount: "api",
  roleArn: "arn:aws:iam::111111111111:role/api",
  tags: ownTags,
};

function resource(changes: object = {}, provider: DeclaredResource["provider"] = { region: "us-east-1" }) {
  return {
    type: "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    inputs: { ...inputs, ...changes },
    provider,
  };
}

function judged(declared: DeclaredResource, ...clusters: readonly object[]) {
  const config = stackConfig(clusters.length === 0 ? [entry] : clusters);
  return violationsOf(declared, config).map(({ policy, level }) => `${policy.name} ${level}`);
}

const forbidden = "restrict-roles mandatory";

describe("restrict-roles", () => {
  test.each<[string, DeclaredResource, object[], string[]]>([
    ["an unrestricted role", resource(), [], []],
    ["a restricted role", resource({ roleArn: admin }), [], [forbidden]],
    ["an allowed ServiceAccount", resource({ roleArn: admin, namespace: "ops" }), [], []],
    ["a restricted target role", resource({ targetRoleArn: admin }), [], [forbidden]],
    ["both roles restricted", resource({ roleArn: admin, targetRoleArn: admin }), [], [forbidden, forbidden]],
    ["another cluster", resource({ roleArn: admin, clusterName: "green" }), [], []],
    ["another region, of the provider", resource({ roleArn: admin }, { region: "eu-west-1" }), [], []],
    ["another region, of the resource", resource({ roleArn: admin, region: "eu-west-1" }), [], []],
    [
      "the resource's region goes before its provider's",
      resource({ roleArn: admin, region: "us-east-1" }, { region: "eu-west-1" }),
      [],
      [forbidden],
    ],
    ["a region that nobody says", resource({ roleArn: admin }, {}), [], [forbidden]],
    ["a region that is not known yet", resource({ roleArn: admin }, { region: UNKNOWN }), [], [forbidden]],
    [
      "an entry of another account",
      resource({ roleArn: admin }),
      [{ ...entry, role_arn: "arn:aws:iam::222222222222:role/sync" }],
      [],
    ],
    [
      "an entry of the role's account",
      resource({ roleArn: admin }),
      [{ ...entry, role_arn: "arn:aws:iam::111111111111:role/sync" }],
      [forbidden],
    ],
    [
      "a self entry, by its exact name",
      resource({ roleArn: admin }),
      [{ ...entry, cluster_name: "blue", self: true }],
      [forbidden],
    ],
    [
      "a self entry of another name",
      resource({ roleArn: admin }),
      [{ ...entry, cluster_name: "blu", self: true }],
      [],
    ],
    [
      "excluded: hands off",
      resource({ roleArn: admin, tags: {} }),
      [{ ...entry, exclude_service_accounts: [{ name: "^api$" }] }],
      [],
    ],
    [
      "a role that is a secret",
      resource({
        roleArn: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: admin },
      }),
      [],
      [forbidden],
    ],
    ["a role that is not known yet", resource({ roleArn: UNKNOWN }), [], ["restrict-roles advisory"]],
    ["another type", { ...resource({ roleArn: admin }), type: "aws:s3/bucket:Bucket" }, [], []],
  ])("%s", (_, declared, clusters, expected) => expect(judged(declared, ...clusters)).toEqual(expected));

  test("the message names the ServiceAccount, the cluster, the role and the rule", () => {
    const [violation] = violationsOf(resource({ roleArn: admin }), stackConfig([entry]));
    expect(violation?.message).toBe(
      `ServiceAccount shop/api of cluster blue may not use role ${admin}: clusters[0].restrict_roles[0] ` +
        `(role/admin$) does not allow ${admin}; add it to the rule's allow list, or give it another role`,
    );
  });

  test("what is not known yet is named, once each", () => {
    const declared = resource({ roleArn: UNKNOWN, namespace: UNKNOWN });
    expect(violationsOf(declared, stackConfig([entry])).map(({ message }) => message)).toEqual([
      "not checked yet: namespace, roleArn will be known only in the update, which checks it",
    ]);
  });
});

describe("ownership-tags", () => {
  const lacking = "ownership-tags advisory";
  const tagged = { ...entry, pod_identity_association_tags: { team: "a", env: "b" } };
  test.each<[string, DeclaredResource, object[], string[]]>([
    ["all tags, and more", resource({ tags: { ...ownTags, more: "x" } }), [], []],
    ["no tags", resource({ tags: null }), [], [lacking]],
    ["another value", resource({ tags: { "managed-by": "me" } }), [], [lacking]],
    ["tags of the provider", resource({ tags: {} }, { defaultTags: { tags: ownTags } }), [], []],
    [
      "tags of the provider, as they cross the protocol",
      resource({ tags: {} }, { defaultTags: JSON.stringify({ tags: ownTags }) }),
      [],
      [],
    ],
    [
      "the resource's tags go before the provider's",
      resource({ tags: { "managed-by": "me" } }, { defaultTags: { tags: ownTags } }),
      [],
      [lacking],
    ],
    ["a tag that is not known yet", resource({ tags: { "managed-by": UNKNOWN } }), [], []],
    ["tags of the provider that are not known yet", resource({ tags: {} }, { defaultTags: UNKNOWN }), [], []],
    ["some of several tags", resource({ tags: { team: "a" } }), [tagged], [lacking]],
    ["one of two entries is enough", resource({ tags: { team: "a", env: "b" } }), [entry, tagged], []],
    ["a cluster that no entry selects", resource({ clusterName: "green", tags: {} }), [], []],
  ])("%s", (_, declared, clusters, expected) => expect(judged(declared, ...clusters)).toEqual(expected));

  test("the message names the ServiceAccount and the tags", () => {
    const [violation] = violationsOf(resource({ tags: { team: "a" } }), stackConfig([tagged]));
    expect(violation?.message).toBe(
      "the association of ServiceAccount shop/api in cluster blue lacks the tags env=b of clusters[0]; without them it counts as somebody else's",
    );
  });
});
