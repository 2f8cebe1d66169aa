import { describe, expect, test } from "vitest";
import { planJson } from "../../src/plan/summary.ts";
import { planSnapshot } from "../../src/snapshot/plan.ts";
import { readRecorded } from "../../src/snapshot/recorded.ts";
import { live, recorded, roleArn, serviceAccount } from "./planFixtures.ts";
import { clusterSnapshot, entries, errorLines } from "./snapshotFixtures.ts";

const none = new Map();
const home = "111122223333";
const far = "444455556666";

describe("the entry that selects a cluster", () => {
  const role = (account: string) => `arn:aws:iam::${account}:role/sync`;
  test.each([
    ["a pattern that matches", { cluster_name: "^bl" }, ["blue", "black"]],
    ["no pattern", {}, ["blue", "black"]],
    ["an inverted pattern", { cluster_name: "_^bla" }, ["blue"]],
    ["self: the exact name", { cluster_name: "bl", self: true }, []],
    ["self: that name", { cluster_name: "blue", self: true }, ["blue"]],
    ["another region", { region: "us-east-1" }, []],
    ["a role of the account", { role_arn: role(home) }, ["blue", "black"]],
    ["a role of another account", { role_arn: role(far) }, []],
  ])("%s", (_what, entry, expected) => {
    const { plans, notSelected } = planSnapshot(
      [clusterSnapshot(), clusterSnapshot({ name: "black" })],
      entries(entry),
      none,
    );
    const planned = plans.map((plan) => plan.cluster.name);
    expect(planned).toEqual(expected);
    expect(notSelected.map(({ name }) => name)).toEqual(
      ["blue", "black"].filter((name) => !planned.includes(name)),
    );
  });

  test("two that match are an error, as in an update", () => {
    const config = entries({ cluster_name: "^bl" }, { cluster_name: "green" }, { cluster_name: "ue$" });
    expect(errorLines(() => planSnapshot([clusterSnapshot()], config, none))).toEqual([
      "selected twice: 111122223333/eu-west-1/blue by clusters[0] and clusters[2]; narrow cluster_name so that each cluster has one entry",
    ]);
  });

  test("one with a role goes before one for the default credentials, whose account is not known", () => {
    const open = { exclude_service_accounts: [] };
    const closed = { role_arn: role(far), exclude_service_accounts: [{ name: "app" }] };
    const clusters = [
      clusterSnapshot({}, [serviceAccount()]),
      clusterSnapshot({ account: far }, [serviceAccount()]),
    ];
    const { plans } = planSnapshot(clusters, entries(open, closed), none);
    expect(plans.map(({ decisions }) => decisions.map(({ action }) => action))).toEqual([
      ["create"],
      ["ignore"],
    ]);
  });
});

describe("the plan", () => {
  const accounts = [serviceAccount({ name: "new" }), serviceAccount()];
  const ref = clusterSnapshot().ref;
  const key = `${ref.account}/${ref.region}/${ref.name}`;

  test("takes live associations with our tags for unknown to the state, without a record", () => {
    const { plans } = planSnapshot([clusterSnapshot({}, accounts, [live()])], entries({}), none);
    expect(planJson(plans)).toEqual({
      clusters: [
        {
          name: "blue",
          create: [{ namespace: "default", name: "new", roleArn: roleArn("reader") }],
          adopt: [{ namespace: "default", name: "app", roleArn: roleArn("reader"), associationId: "a-1" }],
          update: [],
          delete: [],
          purge: [],
          ignored: [],
        },
      ],
    });
  });

  test("knows what is recorded of the cluster, and only of it", () => {
    const clusters = [
      clusterSnapshot({}, [serviceAccount()], [live()]),
      clusterSnapshot({ name: "green" }, [serviceAccount()], [live()]),
    ];
    const { plans } = planSnapshot(clusters, entries({}), new Map([[key, [recorded()]]]));
    expect(plans.map(({ decisions }) => decisions.map(({ action }) => action))).toEqual([
      ["unchanged"],
      ["adopt"],
    ]);
  });

  test("is blocked by too many deletions until they are allowed", () => {
    const associations = Array.from({ length: 3 }, (_, index) =>
      live({ id: `a-${index}`, name: `sa-${index}` }),
    );
    const clusters = [clusterSnapshot({}, [serviceAccount({ annotations: {} })], associations)];
    const config = entries({ deletion_limit: { count: 2, share: 0 } });
    const blockedAt = (allowed?: number) => planSnapshot(clusters, config, none, allowed).plans[0]?.blocked;
    expect(blockedAt()).toMatch(/^would delete 3 of 3 associations, more than the limit of 2/);
    expect(blockedAt(2)).toMatch(/^would delete 3/);
    expect(blockedAt(3)).toBeUndefined();
  });

  test("is blocked by a list that was not read", () => {
    const unread = {
      ...clusterSnapshot(),
      serviceAccounts: { state: "failed", reason: "HTTP 403" } as const,
    };
    const { plans } = planSnapshot([unread], entries({}), none);
    expect(plans.map(({ blocked }) => blocked)).toEqual(["ServiceAccounts not listed: HTTP 403"]);
  });
});

describe("what is recorded", () => {
  const read = (text: string) => readRecorded({ path: "recorded", text });
  const key = "012345678901/eu-west-1/blue";
  const expected = { id: "a-1", namespace: "shop", name: "api", spec: { roleArn: "r" }, tags: { a: "b" } };

  test("is read from a list", () => {
    const text = `clusters:
  - {name: blue, region: eu-west-1, account: 012345678901, associations: [
      {id: a-1, namespace: shop, serviceAccount: api, roleArn: r, tags: {a: b}}]}`;
    expect(read(text)).toEqual(new Map([[key, [expected]]]));
  });

  test("is read from what `pulumi stack export` prints", () => {
    const outputs = {
      associationId: "a-1",
      associationArn: `arn:aws:eks:eu-west-1:012345678901:podidentityassociation/blue/a-1`,
      clusterName: "blue",
      namespace: "shop",
      serviceAccount: "api",
      roleArn: "r",
      tags: { a: "b" },
    };
    const resource = { urn: "urn:x", type: "aws:eks/podIdentityAssociation:PodIdentityAssociation", outputs };
    const state = read(JSON.stringify({ version: 3, deployment: { resources: [resource] } }));
    expect(state.get(key)).toMatchObject([expected]);
  });

  test("is nothing in the export of an empty stack", () => {
    expect(read('{"version": 3, "deployment": {}}')).toEqual(new Map());
  });

  test("is refused with every problem where it is neither", () => {
    expect(errorLines(() => read("{}"))).toEqual([
      "recorded:1:1: clusters: is missing; list the clusters, or give what `pulumi stack export` prints",
    ]);
    expect(errorLines(() => read("clusters: [{name: blue, region: eu-west-1, account: 1}]"))).toEqual([
      "recorded:1:12: clusters[0].associations: is missing; list the recorded associations",
      'recorded:1:44: clusters[0].account: "1" is not an AWS account; write its twelve digits',
    ]);
  });
});
