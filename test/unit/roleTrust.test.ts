import { describe, expect, test } from "vitest";
import { accountTrust } from "../../sandbox/aws/simulator.ts";
import type { AwsClients } from "../../src/aws/clients.ts";
import type { ClusterEntry } from "../../src/config/config.ts";
import { RoleLookups, readRoleTrust } from "../../src/discovery/roleTrust.ts";
import { CLUSTER, ROLE, startAws } from "./awsSimulatorFixture.ts";
import { stackConfig } from "./configFixtures.ts";

const legacy = "arn:aws:iam::111122223333:role/legacy";
const gone = "arn:aws:iam::111122223333:role/gone";
const trusted = { state: "trusted" };
const scope = { region: CLUSTER.region };

function entryWith(settings: object = {}): ClusterEntry {
  const [entry] = stackConfig([{ region: CLUSTER.region, cluster_name: "dev", ...settings }]).clusters;
  if (entry === undefined) throw new Error("the configuration has no entry");
  return entry;
}

/** ServiceAccounts `shop/app-0`, `shop/app-1`... that ask for these roles. */
function asking(...roles: readonly string[]) {
  return roles.map((role, index) => ({
    namespace: "shop",
    name: `app-${index}`,
    annotations: { "eks.amazonaws.com/role-arn": role },
  }));
}

async function setUp() {
  const { simulator, iam } = await startAws();
  simulator.world.addRole({
    account: CLUSTER.account,
    name: "legacy",
    trustPolicy: accountTrust(CLUSTER.account),
  });
  const lookupsWithin = (timeoutMs?: number) =>
    new RoleLookups((): Pick<AwsClients, "iam"> => ({ iam }), timeoutMs);
  const rolesRead = () => simulator.calls.all().filter(({ action }) => action === "GetRole").length;
  return { simulator, lookups: lookupsWithin(), lookupsWithin, rolesRead };
}

describe("readRoleTrust", () => {
  test("reads each role once, for all clusters of a scope", async () => {
    const { lookups, rolesRead } = await setUp();
    const entry = entryWith();
    const accounts = asking(ROLE, ROLE, legacy, gone);
    const expected = new Map<string, unknown>([
      [ROLE, trusted],
      [legacy, { state: "untrusted", problem: expect.stringMatching("does not let pods.eks.amazonaws.com") }],
      [gone, { state: "missing" }],
    ]);
    expect(await readRoleTrust(CLUSTER, entry, accounts, lookups.of(entry, scope))).toEqual(expected);
    const other = { ...CLUSTER, name: "other" };
    expect(await readRoleTrust(other, entry, accounts, lookups.of(entry, scope))).toEqual(expected);
    expect(rolesRead()).toBe(3);
    expect(lookups.problems()).toEqual([]);
  });

  test("reads only roles that are asked for and may be used, and none where the check is off", async () => {
    const { lookups, rolesRead } = await setUp();
    const accounts = [
      ...asking(ROLE, legacy, "mistyped"),
      { namespace: "kube-system", name: "x", annotations: {} },
    ];
    const entry = entryWith({
      exclude_service_accounts: [{ name: "^app-0$" }],
      restrict_roles: [{ role_arn: "legacy$", allow: [] }],
    });
    expect(await readRoleTrust(CLUSTER, entry, accounts, lookups.of(entry, scope))).toEqual(new Map());
    const off = entryWith({ role_trust_check: "off" });
    expect(await readRoleTrust(CLUSTER, off, accounts, lookups.of(off, scope))).toEqual(new Map());
    expect(rolesRead()).toBe(0);
  });

  test("a role of another account can't be associated, and is not looked for", async () => {
    const { lookups, rolesRead } = await setUp();
    const foreign = "arn:aws:iam::999999999999:role/app";
    const entry = entryWith();
    const trust = await readRoleTrust(CLUSTER, entry, asking(foreign), lookups.of(entry, scope));
    expect(trust.get(foreign)).toEqual({
      state: "untrusted",
      problem: expect.stringMatching(`not of the cluster's account ${CLUSTER.account}`),
    });
    expect(rolesRead()).toBe(0);
  });

  test("a role of the same name on another path is another role", async () => {
    const { lookups } = await setUp();
    const elsewhere = "arn:aws:iam::111122223333:role/team/app";
    const entry = entryWith();
    const trust = await readRoleTrust(CLUSTER, entry, asking(elsewhere), lookups.of(entry, scope));
    expect(trust.get(elsewhere)).toEqual({ state: "missing" });
  });

  test("one permission denied ends the reading: all unknown, and one problem for the scope", async () => {
    const { simulator, lookups, rolesRead } = await setUp();
    simulator.faults.inject({
      action: "GetRole",
      times: "always",
      effect: { kind: "error", code: "AccessDenied" },
    });
    const entry = entryWith({ max_concurrency: 1 });
    const trust = await readRoleTrust(CLUSTER, entry, asking(ROLE, legacy, gone), lookups.of(entry, scope));
    const problem = expect.stringMatching(/^iam:GetRole: AccessDenied.*; grant iam:GetRole/);
    expect([...trust.values()]).toEqual(Array(3).fill({ state: "unknown", problem }));
    expect(rolesRead()).toBe(1);
    expect(lookups.problems()).toEqual([{ where: "clusters[0]", message: problem }]);
  });

  test("another failure concerns its role alone", async () => {
    const { simulator, lookups } = await setUp();
    simulator.faults.inject({ action: "GetRole", effect: { kind: "error", code: "ServiceFailure" } });
    const entry = entryWith({ max_concurrency: 1 });
    const trust = await readRoleTrust(CLUSTER, entry, asking(legacy, ROLE), lookups.of(entry, scope));
    expect(trust.get(legacy)).toEqual({ state: "unknown", problem: expect.stringMatching(/^iam:GetRole: /) });
    expect(trust.get(ROLE)).toEqual(trusted);
    expect(lookups.problems()).toEqual([]);
  });

  test("IAM that does not answer is not waited for", async () => {
    const { simulator, lookupsWithin } = await setUp();
    simulator.faults.inject({ action: "GetRole", times: "always", effect: { kind: "hang" } });
    const entry = entryWith({ max_concurrency: 1 });
    const trust = await readRoleTrust(
      CLUSTER,
      entry,
      asking(ROLE, legacy),
      lookupsWithin(50).of(entry, scope),
    );
    const late = { state: "unknown", problem: "iam:GetRole: no answer within 0.05 s" };
    expect([...trust.values()]).toEqual([late, late]);
  });

  test("at most max_concurrency roles at a time", async () => {
    let [running, most] = [0, 0];
    const lookup = {
      denied: undefined,
      async read() {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
        return { state: "missing" as const };
      },
    };
    const roles = Array.from({ length: 10 }, (_, index) => `${ROLE}-${index}`);
    await readRoleTrust(CLUSTER, entryWith({ max_concurrency: 3 }), asking(...roles), lookup);
    expect(most).toBe(3);
  });
});
