import { describe, expect, it } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { fileConfig, problemLines, stackConfig } from "./configFixtures.ts";

/** The problems of a stack with one entry of these fields, without the place. */
function entryProblems(fields: Record<string, unknown>): readonly string[] {
  const lines = problemLines(() => stackConfig([{ region: "us-east-1", ...fields }]));
  return lines.map((line) =>
    line.replace("Pulumi.dev.yaml, clusters[0].", "").replace("Pulumi.dev.yaml, ", ""),
  );
}

describe("a field that is refused", () => {
  it.each<{ fields: Record<string, unknown>; line: string }>([
    { fields: { region: undefined }, line: "region: is missing; write the region, for instance us-east-1" },
    { fields: { region: "" }, line: 'region: "" is not the name of an AWS region; write one like us-east-1' },
    {
      fields: { region: "useast1" },
      line: 'region: "useast1" is not the name of an AWS region; write one like us-east-1',
    },
    {
      fields: { role_arn: " arn:aws:iam::123456789012:role/a" },
      line: 'role_arn: " arn:aws:iam::123456789012:role/a" is not the ARN of an IAM role; write arn:aws:iam::ACCOUNT:role/NAME',
    },
    { fields: { self: "maybe" }, line: 'self: "maybe" is not true or false' },
    { fields: { self: 1 }, line: "self: 1 is not true or false" },
    { fields: { max_concurrency: "five" }, line: 'max_concurrency: "five" is not a whole number' },
    { fields: { max_concurrency: 1.5 }, line: "max_concurrency: 1.5 is not a whole number" },
    { fields: { cluster_name: 12 }, line: "cluster_name: 12 is not text; put it in quotes" },
    { fields: { cluster_name: ["a"] }, line: "cluster_name: is not text" },
    {
      fields: { cluster_name: "(?=x)" },
      line: 'cluster_name: "(?=x)" is not a valid RE2 expression: at position 0, a lookahead, which RE2 does not have; a leading _ inverts the whole expression',
    },
    {
      fields: { restrict_roles: [{ role_arn: "a" }, { allow: [null, { name: "(a" }] }] },
      line: 'restrict_roles[1].allow[1].name: "(a" is not a valid RE2 expression: at position 0, missing closing )',
    },
    { fields: { restrict_roles: {} }, line: "restrict_roles: is not a list" },
    {
      fields: { exclude_service_accounts: ["a"] },
      line: 'exclude_service_accounts[0]: "a" is not a mapping of fields',
    },
    { fields: { role_trust_check: "on" }, line: 'role_trust_check: "on" is not one of off, warn, block' },
    {
      fields: { service_account_reads: "all" },
      line: 'service_account_reads: "all" is not one of provider, list',
    },
    {
      fields: { deletion_limit: { count: -1 } },
      line: "deletion_limit.count: -1 is less than 0; write how many deletions one run may make",
    },
    {
      fields: { deletion_limit: { share: 1.5 } },
      line: "deletion_limit.share: 1.5 is not a share; write one from 0 to 1, or from 0% to 100%",
    },
    {
      fields: { deletion_limit: { share: "a" } },
      line: 'deletion_limit.share: "a" is not a share; write one from 0 to 1, or from 0% to 100%',
    },
    {
      fields: { annotation: "my role" },
      line: 'annotation: "my role" is not the key of an annotation; write one like example.com/role-arn',
    },
    {
      fields: { annotation: "Example.com/role" },
      line: 'annotation: "Example.com/role" is not the key of an annotation; write one like example.com/role-arn',
    },
    {
      fields: { pod_identity_association_tags: { account: 123456789012 } },
      line: "pod_identity_association_tags.account: 123456789012 is not text; put it in quotes",
    },
    {
      fields: { pod_identity_association_tags: { "aws:team": "a" } },
      line: 'pod_identity_association_tags: has the key "aws:team", and AWS keeps aws: for itself; choose another',
    },
    {
      fields: { pod_identity_association_tags: { ["k".repeat(129)]: "a" } },
      line: `pod_identity_association_tags: has the key "${"k".repeat(129)}", of 129 characters; AWS takes 128`,
    },
    {
      fields: { pod_identity_association_tags: { a: "v".repeat(257) } },
      line: `pod_identity_association_tags.a: "${"v".repeat(79)}... has 257 characters; AWS takes 256`,
    },
    {
      fields: { pod_identity_association_tags: { a: "b*" } },
      line: 'pod_identity_association_tags.a: "b*" has other characters than allowed; AWS takes letters, digits, blanks and _ . : / = + - @ in tags',
    },
    {
      fields: {
        pod_identity_association_tags: Object.fromEntries(
          Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"]),
        ),
      },
      line: "pod_identity_association_tags: has 51 tags; AWS takes 50",
    },
  ])("$line", ({ fields, line }) => {
    expect(entryProblems(fields)).toEqual([line]);
  });
});

describe("an unknown field", () => {
  it.each([
    { key: "regoin", advice: "did you mean region?" },
    { key: "roleArn", advice: "did you mean role_arn?" },
    { key: "max-concurrency", advice: "did you mean max_concurrency?" },
    { key: "restrict_role", advice: "did you mean restrict_roles?" },
  ])("$key: $advice", ({ key, advice }) => {
    expect(entryProblems({ [key]: "x" })).toEqual([`${key}: is not a known field; ${advice}`]);
  });

  it("that is like none is answered with those that are known", () => {
    expect(entryProblems({ deletion_limit: { maximum: 3 } })).toEqual([
      "deletion_limit.maximum: is not a known field; the fields here are count, share",
    ]);
  });
});

describe("contradictions", () => {
  const self = { region: "us-east-1", self: true, cluster_name: "prod" };

  it.each<{ why: string; clusters: unknown[]; lines: string[] }>([
    {
      why: "self without a name",
      clusters: [{ region: "us-east-1", self: true }],
      lines: ["clusters[0]: has self: true but no cluster_name; write the exact name of the cluster"],
    },
    {
      why: "self with an expression",
      clusters: [{ ...self, cluster_name: "^prod$" }],
      lines: [
        'clusters[0].cluster_name: "^prod$" is not the name of a cluster; with self: true it is no expression, write the exact name',
      ],
    },
    {
      why: "local credentials without self",
      clusters: [{ region: "us-east-1", context: "c" }],
      lines: ['clusters[0].context: "c" is used only with self: true; add that, or leave this out'],
    },
    {
      why: "one annotation for two meanings",
      clusters: [{ region: "us-east-1", policy_annotation: "eks.amazonaws.com/role-arn" }],
      lines: [
        "clusters[0]: has one key, eks.amazonaws.com/role-arn, for annotation and policy_annotation; give each its own",
      ],
    },
    {
      why: "one cluster twice",
      clusters: [self, { ...self, context: "c" }],
      lines: ["clusters[1]: names the same cluster as clusters[0]; leave one of them out"],
    },
    {
      why: "two clusters behind one context",
      clusters: [self, { ...self, cluster_name: "test" }],
      lines: [
        "clusters[1]: reaches the same API server as clusters[0], which is another cluster; give each its context",
      ],
    },
    {
      why: "none: two clusters, two contexts",
      clusters: [self, { ...self, cluster_name: "test", context: "c" }],
      lines: [],
    },
    {
      why: "none: one name in two accounts",
      clusters: [
        { ...self, role_arn: "arn:aws:iam::111111111111:role/a" },
        { ...self, role_arn: "arn:aws:iam::222222222222:role/a", context: "c" },
      ],
      lines: [],
    },
    {
      why: "none: expressions that match nothing are allowed",
      clusters: [{ region: "us-east-1", restrict_roles: [{ role_arn: "_", allow: [{ namespace: "^$" }] }] }],
      lines: [],
    },
  ])("$why", ({ clusters, lines }) => {
    expect(problemLines(() => stackConfig(clusters))).toEqual(
      lines.map((line) => `Pulumi.dev.yaml, ${line}`),
    );
  });
});

describe("a file's problems", () => {
  it("are all listed at once, in the order of the file, contradictions too", () => {
    const text = `clusters:
  - regoin: us-east-1
    self: maybe
    annotation: eks-pod-identity-sync/policy
    restrict_roles:
      - role_arn: (?=x)
        alow: []
  - region: us-east-1
    self: yes
    max_concurrency: many
clusterz: []
`;
    expect(problemLines(() => fileConfig(text))).toEqual([
      "config.yaml:2:5: clusters[0].region: is missing; write the region, for instance us-east-1",
      "config.yaml:2:5: clusters[0].regoin: is not a known field; did you mean region?",
      "config.yaml:2:5: clusters[0]: has one key, eks-pod-identity-sync/policy, for annotation and policy_annotation; give each its own",
      'config.yaml:3:5: clusters[0].self: "maybe" is not true or false',
      'config.yaml:6:9: clusters[0].restrict_roles[0].role_arn: "(?=x)" is not a valid RE2 expression: at position 0, a lookahead, which RE2 does not have; a leading _ inverts the whole expression',
      "config.yaml:7:9: clusters[0].restrict_roles[0].alow: is not a known field; did you mean allow?",
      "config.yaml:8:5: clusters[1]: has self: true but no cluster_name; write the exact name of the cluster",
      'config.yaml:10:5: clusters[1].max_concurrency: "many" is not a whole number',
      "config.yaml:11:1: clusterz: is not a known field; did you mean clusters?",
    ]);
  });

  it.each([
    { why: "nothing in it", text: "", line: "1:1: clusters: is missing; list the clusters to keep in step" },
    {
      why: "comments alone",
      text: "# none\n",
      line: "1:1: clusters: is missing; list the clusters to keep in step",
    },
    { why: "a list on top", text: "- region: us-east-1\n", line: "1:1: is not a mapping of fields" },
    {
      why: "no clusters",
      text: "\nclusters: []\n",
      line: "2:1: clusters: is empty; list the clusters to keep in step",
    },
    {
      why: "null clusters",
      text: "clusters: [null]",
      line: "1:1: clusters: is empty; list the clusters to keep in step",
    },
    {
      why: "a key twice",
      text: "clusters:\n- region: a\n  region: b\n",
      line: "3:3: Map keys must be unique",
    },
    {
      why: "an alias of nothing",
      text: "clusters: *all\n",
      line: "1:1: Unresolved alias (the anchor must be set before the alias): all",
    },
    {
      why: "an aliased entry",
      text: "clusters:\n  - &a {region: b, annotation: x y}\n  - *a\n",
      line: '2:20: clusters[1].annotation: "x y" is not the key of an annotation; write one like example.com/role-arn',
    },
  ])("$why", ({ text, line }) => {
    expect(problemLines(() => fileConfig(text))).toContain(`config.yaml:${line}`);
  });

  it("are one error that the user can mend", () => {
    const load = () => fileConfig("clusters: [{region: 1}, {region: 2}]");
    expect(load).toThrow(UserError);
    expect(load).toThrow(problemLines(load).join("\n"));
    expect(problemLines(load)).toHaveLength(2);
  });
});
