import { describe, expect, test } from "vitest";
import type { StaleAssociation } from "../../provider/inputs.ts";
import { purge } from "../../provider/purge.ts";
import type { AssociationDetails } from "../../src/aws/eks.ts";
import type { ServiceAccount } from "../../src/model/serviceAccount.ts";
import { keys, matcher, ownTags, restricted, roleArn, serviceAccount } from "./planFixtures.ts";
import { details, FakeCluster, inputsOf, stale } from "./purgeFixtures.ts";

const rules = { exclude: [matcher({ namespace: "^kept$" })], restrict: [restricted("role/admin$")] };

describe("asked again, a stale association", () => {
  const bare = serviceAccount({ annotations: {} });
  const refused = serviceAccount({ annotations: { [keys.roleArn]: roleArn("admin") } });
  const cases: {
    title: string;
    planned?: StaleAssociation;
    now: AssociationDetails;
    account?: ServiceAccount;
    spared?: string;
  }[] = [
    { title: "of a ServiceAccount that is gone goes", now: details() },
    { title: "of one without the annotation goes", now: details(), account: bare },
    { title: "of one that may not use its role goes", now: details(), account: refused },
    { title: "with our tags goes, too", planned: stale({ ours: true }), now: details({ tags: ownTags }) },
    {
      title: "of a ServiceAccount that was annotated since stays",
      now: details(),
      account: serviceAccount(),
      spared: `the ServiceAccount asks for ${roleArn("reader")} now`,
    },
    {
      title: "of one that asks for something malformed stays",
      now: details(),
      account: serviceAccount({ annotations: { [keys.roleArn]: "reader" } }),
      spared: `annotation ${keys.roleArn}: "reader" is not the ARN of an IAM role`,
    },
    {
      title: "of one that is excluded stays",
      planned: stale({ namespace: "kept" }),
      now: details({ namespace: "kept" }),
      account: serviceAccount({ namespace: "kept" }),
      spared: "exclude_service_accounts[0] (namespace ^kept$, name anything) excludes it",
    },
    {
      title: "that an add-on owns stays",
      now: details({ ownerArn: "arn:addon" }),
      spared: "the add-on arn:addon owns it",
    },
    {
      title: "of another ServiceAccount stays",
      now: details({ name: "other" }),
      spared: "it is the association of ServiceAccount default/other",
    },
    {
      title: "that was tagged as ours since stays",
      now: details({ tags: { ...ownTags, team: "shop" } }),
      spared: "it carries our tags now",
    },
    {
      title: "that lost our tags since stays",
      planned: stale({ ours: true }),
      now: details(),
      spared: "it does not carry our tags any more",
    },
  ];
  test.each(cases)("$title", async ({ planned = stale(), now, account, spared }) => {
    const cluster = new FakeCluster({
      associations: { "a-1": now },
      serviceAccounts: account === undefined ? [] : [account],
    });
    const result = await purge(inputsOf([planned], { rules }), cluster);
    const name = `${planned.namespace}/${planned.serviceAccount}`;
    const line = `ServiceAccount ${name}: stale association a-1 is left alone: ${spared}`;
    expect(result).toEqual(
      spared === undefined ? { deleted: ["a-1"], spared: [] } : { deleted: [], spared: [line] },
    );
    expect([...cluster.associations.keys()]).toEqual(spared === undefined ? [] : ["a-1"]);
  });
});

test("what is gone already counts as deleted, without a call that deletes", async () => {
  const cluster = new FakeCluster({});
  expect(await purge(inputsOf([stale()]), cluster)).toEqual({ deleted: ["a-1"], spared: [] });
  expect(cluster.calls).toEqual(["describe a-1"]);
});

/** Five stale associations, `a-1` of `default/app1` and so on, looked at two at a time. */
const five = ["1", "2", "3", "4", "5"].map((n) =>
  stale({ associationId: `a-${n}`, serviceAccount: `app${n}` }),
);
const associations = Object.fromEntries(
  five.map(({ associationId, serviceAccount: name }) => [associationId, details({ name })]),
);

test("each is looked at right before it is deleted, some at a time", async () => {
  const cluster = new FakeCluster({ associations });
  const { deleted } = await purge(inputsOf(five), cluster);
  expect(deleted).toEqual(["a-1", "a-2", "a-3", "a-4", "a-5"]);
  const batch = (...ns: number[]) => [
    ...ns.map((n) => `describe a-${n}`),
    ...ns.map((n) => `get default/app${n}`),
    ...ns.map((n) => `delete a-${n}`),
  ];
  expect(cluster.calls).toEqual([...batch(1, 2), ...batch(3, 4), ...batch(5)]);
});

test.each([
  { title: "an API server that fails at once", failing: "get default/app1", left: 5 },
  { title: "an API server that fails later", failing: "get default/app4", left: 3 },
  { title: "AWS that does not describe one", failing: "describe a-2", left: 5 },
  { title: "AWS that does not delete one", failing: "delete a-1", left: 4 },
])("$title ends the purge: $left of 5 are left, and the error says so", async ({ failing, left }) => {
  const cluster = new FakeCluster({ associations, failing: [failing] });
  await expect(purge(inputsOf(five), cluster)).rejects.toThrow(
    `cluster 111122223333/eu-west-1/blue: ${5 - left} of 5 stale associations deleted, then: ${failing}: no answer; check the network`,
  );
  expect(cluster.associations.size).toBe(left);
});
