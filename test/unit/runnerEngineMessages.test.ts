import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { readRun, writeRun } from "../../src/runner/update/engineMessages.ts";
import { stackConfig } from "./configFixtures.ts";
import { planned, toCreate } from "./runnerPlannedFixture.ts";

const rules = stackConfig([
  {
    region: "eu-west-1",
    cluster_name: "^blue$",
    exclude_service_accounts: [{ namespace: "^kube-" }, { namespace: "^team-", name: "_^app$" }],
    restrict_roles: [{ role_arn: "role/admin$", allow: [{ namespace: "^ops$" }] }],
  },
]).clusters[0]?.rules;

test("a run arrives at the engine's process as it was sent, its expressions included", () => {
  if (rules === undefined) throw new Error("the configuration has no entry");
  const source = { access: { kind: "local" }, rules, reads: "provider" } as const;
  const followed = planned([toCreate()], { source });
  const { source: _, ...kept } = planned([toCreate()]);
  const expected = new Map([["blue", { cluster: followed.plan.cluster, associations: [] }]]);
  const run = {
    kind: "up",
    planned: [followed, kept],
    expected,
    targets: ["urn"],
    onOutput: () => {},
  } as const;
  const printed: string[] = [];
  const read = readRun(deserialize(serialize(writeRun(run))), (text) => printed.push(text));
  read.onOutput("line");
  expect(printed).toEqual(["line"]);
  expect(read).toMatchObject({ kind: "up", expected, targets: ["urn"] });
  expect(read.planned[1]).toEqual(kept);
  const [{ plan, source: there } = followed] = read.planned;
  expect(plan).toEqual(followed.plan);
  expect(there).toMatchObject({ access: { kind: "local" }, reads: "provider" });
  expect(there?.rules).toMatchObject({ tags: rules.tags, purge: rules.purge });
  const [system, team] = there?.rules.exclude ?? [];
  expect([system?.namespace.matches("kube-system"), system?.name.matches("anything")]).toEqual([true, true]);
  expect([team?.name.matches("app"), team?.name.matches("other")]).toEqual([false, true]);
  const [admin] = there?.rules.restrict ?? [];
  expect(admin?.roleArn.matches("arn:aws:iam::1:role/admin")).toBe(true);
  expect(admin?.allow[0]?.namespace.matches("ops")).toBe(true);
});
