import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { annotateServiceAccount, deleteServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import { callAbout, type DaemonPlace, daemonPlace, SOON } from "./daemonScene.ts";
import { changesAt, HOME, OUR_TAGS, ROLE, roleArn, type Scene, startScene } from "./scene.ts";

const blue = { name: "blue", region: "us-east-1", account: HOME };
const green = { name: "green", region: "eu-west-1", account: HOME };
const entries = [blue, green].map(({ name, region }) => ({ region, cluster_name: `^${name}$` }));
/** Nothing comes of the interval while a test runs. */
const BY_EVENTS = { INTERVAL: "1h" };
const BY_INTERVAL = { INTERVAL: "1s", DRIFT_PERIOD: "1s" };

let scene: Scene;
let place: DaemonPlace;

beforeAll(async () => {
  scene = await startScene([blue, green]);
  await scene.annotate(blue, {
    "shop/api": roleArn(blue, "api"),
    "shop/worker": roleArn(blue, "worker"),
    "shop/plain": null,
  });
  await scene.annotate(green, { "shop/api": roleArn(green, "api"), "shop/plain": null });
  place = await daemonPlace(scene, entries);
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

function association(name: string) {
  const found = scene.sandbox.aws.world.associations(blue).find((it) => it.serviceAccount === name);
  if (found === undefined) throw new Error(`EKS holds no association of ${name}`);
  return found;
}

function setRole(name: string, role: string | null): Promise<void> {
  return annotateServiceAccount(scene.running(blue), { namespace: "shop", name }, { [ROLE]: role });
}

/** As another process would, past the API. */
function writeOutside(name: string, changes: Partial<ReturnType<typeof association>>): void {
  scene.sandbox.aws.world.store(blue).put({ ...association(name), ...changes });
}

describe.sequential("a daemon on two clusters", () => {
  test("starts with a full update, and follows every change by itself", async () => {
    const { until } = await place.start(BY_EVENTS);
    await until(({ updates }) => expect(updates).toHaveLength(1));
    expect(scene.held(blue)).toEqual({ "shop/api": "api", "shop/worker": "worker" });
    expect(scene.held(green)).toEqual({ "shop/api": "api" });

    await scene.annotate(blue, { "shop/new": roleArn(blue, "admin") });
    await setRole("worker", roleArn(blue, "admin"));
    await setRole("api", null);
    await vi.waitFor(
      () => expect(scene.held(blue)).toEqual({ "shop/new": "admin", "shop/worker": "admin" }),
      SOON,
    );
    await until(({ running, updates }) => {
      expect(running).toBe(false);
      expect(updates.at(-1)).toMatchObject({ kind: "up", trigger: "start", result: "succeeded" });
      for (const { trigger, targets, result } of updates.slice(0, -1)) {
        expect({ trigger, result }).toEqual({ trigger: "change", result: "succeeded" });
        expect(targets).toBeLessThanOrEqual(3);
      }
    });
    expect(changesAt(scene.sandbox)).toEqual({
      CreatePodIdentityAssociation: 4,
      UpdatePodIdentityAssociation: 1,
      DeletePodIdentityAssociation: 1,
    });
  });

  test("loses no event that arrives while an update runs", async () => {
    const { until } = await place.start(BY_EVENTS);
    await until(({ updates }) => expect(updates).toHaveLength(1));
    scene.sandbox.aws.faults.inject({ action: "CreatePodIdentityAssociation", effect: { kind: "hang" } });
    await setRole("api", roleArn(blue, "api"));
    await scene.sandbox.aws.calls.waitFor(callAbout("CreatePodIdentityAssociation", "api"));
    // The update waits for AWS meanwhile.
    await setRole("api", roleArn(blue, "worker"));
    await scene.annotate(blue, { "shop/later": roleArn(blue, "api") });
    await deleteServiceAccounts(scene.running(blue), [{ namespace: "shop", name: "new" }]);
    scene.sandbox.aws.faults.release();
    const held = { "shop/api": "worker", "shop/later": "api", "shop/worker": "admin" };
    await vi.waitFor(() => expect(scene.held(blue)).toEqual(held), SOON);
  });

  test("mends on the interval what was deleted, retagged or given another role outside", async () => {
    const { until } = await place.start(BY_INTERVAL);
    await until(({ updates }) => expect(updates).toHaveLength(1));
    const { associationId } = association("api");
    scene.sandbox.aws.world.removeAssociation(blue, association("later").associationId);
    writeOutside("worker", { roleArn: roleArn(blue, "api") });
    writeOutside("api", { tags: { theirs: "too" } });
    await vi.waitFor(() => {
      expect(scene.held(blue)).toEqual({ "shop/api": "worker", "shop/later": "api", "shop/worker": "admin" });
      expect(association("api").tags).toEqual(expect.objectContaining(OUR_TAGS));
    }, SOON);
    expect(association("api").associationId).toBe(associationId);
    expect(changesAt(scene.sandbox)).toMatchObject({ CreatePodIdentityAssociation: 1 });
  });

  test("believes what it wrote where AWS's lists do not show it yet", async () => {
    const { until } = await place.start(BY_INTERVAL);
    await until(({ updates }) => expect(updates).toHaveLength(1));
    scene.sandbox.aws.configure({ listLagMs: null });
    await setRole("later", null);
    await scene.annotate(blue, { "shop/lagging": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/lagging": "api" }), SOON);
    await vi.waitFor(() => expect(scene.held(blue)).not.toHaveProperty("shop/later"), SOON);
    const { plannedAt = 0 } = (await until(({ clusters }) => clusters))[0] ?? {};
    // Some looks at AWS later it has still not written again.
    await until(({ clusters }) => expect(clusters[0]?.plannedAt).toBeGreaterThan(plannedAt + 3_000));
    expect(changesAt(scene.sandbox)).toEqual({
      CreatePodIdentityAssociation: 1,
      DeletePodIdentityAssociation: 1,
    });
    scene.sandbox.aws.configure({ listLagMs: 0 });
    await deleteServiceAccounts(scene.running(blue), [{ namespace: "shop", name: "lagging" }]);
    await vi.waitFor(() => expect(scene.held(blue)).not.toHaveProperty("shop/lagging"), SOON);
  });

  test("what AWS refuses fails alone, says so, and is tried again less and less often", async () => {
    const { until } = await place.start(BY_EVENTS);
    await until(({ updates }) => expect(updates).toHaveLength(1));
    const elsewhere = "arn:aws:iam::222222222222:role/api";
    await scene.annotate(blue, { "shop/refused": elsewhere, "shop/beside": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/beside": "api" }), SOON);
    await until(({ updates }) => {
      const failed = updates.find(({ result }) => result === "failed");
      expect(failed?.error).toMatch(/^\S*shop\/refused\S*: .*Cross-account pass role is not allowed/);
      expect(failed?.error).not.toContain("\n");
    });
    // Others neither wait for it nor bring it along.
    await scene.annotate(blue, { "shop/after": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/after": "api" }), SOON);
    await until(({ updates }) => {
      expect(updates.some(({ trigger, targets }) => trigger === "retry" && targets === 1)).toBe(true);
    });
    await setRole("refused", roleArn(blue, "admin"));
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/refused": "admin" }), SOON);
  });

  test("a changed configuration is a full update", async () => {
    const { until } = await place.start(BY_INTERVAL);
    await until(({ updates }) => expect(updates).toHaveLength(1));
    const tags = { ...OUR_TAGS, team: "blue" };
    await place.configure(entries.map((entry) => ({ ...entry, pod_identity_association_tags: tags })));
    await until(({ updates: [last] }) =>
      expect(last).toMatchObject({ kind: "up", trigger: "configuration", result: "succeeded" }),
    );
    for (const { tags: live } of scene.sandbox.aws.world.associations(blue)) expect(live).toMatchObject(tags);
    await place.configure(entries);
    await until(({ updates }) =>
      expect(updates.filter(({ trigger }) => trigger === "configuration")).toHaveLength(2),
    );
  });

  test("with DRY it previews once what it would do, and changes nothing", async () => {
    const held = scene.held(blue);
    const { until } = await place.start({ ...BY_INTERVAL, DRY: "true" });
    await until(({ updates }) => expect(updates).toHaveLength(1));
    await scene.annotate(blue, { "shop/dry": roleArn(blue, "api") });
    await until(({ updates }) => expect(updates).toHaveLength(2));
    const { plannedAt = 0 } = (await until(({ clusters }) => clusters))[0] ?? {};
    await until(({ clusters }) => expect(clusters[0]?.plannedAt).toBeGreaterThan(plannedAt + 2_000));
    const { updates } = await until((said) => said);
    expect(updates.map(({ kind, targets }) => [kind, targets])).toEqual([
      ["preview", 1],
      ["preview", undefined],
    ]);
    expect(changesAt(scene.sandbox)).toEqual({});
    expect(scene.held(blue)).toEqual(held);
    await deleteServiceAccounts(scene.running(blue), [{ namespace: "shop", name: "dry" }]);
  });

  test("waits for a stack that is locked, and clears the lock of a process of this host that died", async () => {
    // As the DIY backends write it; the parent of this process lives.
    await writeLock(process.ppid);
    const { until } = await place.start(BY_EVENTS);
    await until(({ updates: [last] }) =>
      expect(last).toMatchObject({
        result: "locked",
        error: expect.stringContaining(`pid ${process.ppid}`),
      }),
    );
    expect(changesAt(scene.sandbox)).toEqual({});
    await rm(join(place.locks, "test.json"));
    await until(({ updates: [last] }) =>
      expect(last).toMatchObject({ trigger: "retry", result: "succeeded" }),
    );

    const ended = execa("true");
    await ended;
    await writeLock(ended.pid ?? 0);
    await scene.annotate(blue, { "shop/locked": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/locked": "api" }), SOON);
    await vi.waitFor(async () => expect(await readdir(place.locks)).toEqual([]), SOON);
  });

  test("a cluster that can't be read does not hold up another, and health says which and why", async () => {
    const { endpoint = "" } = scene.sandbox.aws.world.cluster(green) ?? {};
    scene.sandbox.aws.world.setCluster(green, { endpoint: "https://127.0.0.1:1" });
    const { until, url } = await place.start(BY_INTERVAL);
    await scene.annotate(blue, { "shop/apart": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/apart": "api" }), SOON);
    expect(scene.held(green)).toEqual({ "shop/api": "api" });
    await vi.waitFor(async () => {
      const answer = await fetch(new URL("/health", url));
      expect(answer.status).toBe(503);
      expect(await answer.text()).toMatch(/green.*127\.0\.0\.1:1/);
    }, SOON);
    scene.sandbox.aws.world.setCluster(green, { endpoint });
    await vi.waitFor(async () => expect((await fetch(new URL("/health", url))).status).toBe(200), SOON);
    await until(({ reasons }) => expect(reasons).toEqual([]));
  });

  test("of two daemons one writes; when it ends, the other takes over within 20 s", async () => {
    const election = { ...BY_EVENTS, LEADER_ELECTION: "true" };
    const one = await place.start(election);
    await one.until(({ leading, updates }) => {
      expect(leading).toBe(true);
      expect(updates).toHaveLength(1);
    });
    const two = await place.start(election);
    await two.until(({ clusters }) => expect(clusters).toHaveLength(2));
    await scene.annotate(blue, { "shop/led": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/led": "api" }), SOON);
    expect((await two.said()).updates).toEqual([]);

    one.stop();
    expect(await one.done).toBe(true);
    await scene.annotate(blue, { "shop/taken": roleArn(blue, "api") });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/taken": "api" }), {
      ...SOON,
      timeout: 20_000,
    });
    expect(await two.until(({ leading }) => leading)).toBe(true);
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 2 });
  });
});

async function writeLock(pid: number): Promise<void> {
  await mkdir(place.locks, { recursive: true });
  const lock = { pid, username: "somebody", hostname: hostname(), timestamp: new Date().toISOString() };
  await writeFile(join(place.locks, "test.json"), JSON.stringify(lock));
}
