import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { annotateServiceAccount } from "../../sandbox/serviceAccounts.ts";
import { callAbout, type DaemonPlace, daemonPlace, SOON } from "./daemonScene.ts";
import { changesAt, HOME, ROLE, roleArn, type Scene, startScene } from "./scene.ts";
import { startTcpProxy } from "./tcpProxy.ts";

// What goes wrong around a daemon that runs: API servers that are lost, roles that are missing, others' associations.
const blue = { name: "blue", region: "us-east-1", account: HOME };
const green = { name: "green", region: "us-east-1", account: HOME };
const entry = { region: "us-east-1", cluster_name: "^(blue|green)$" };
const BY_EVENTS = { INTERVAL: "1h" };
const BY_INTERVAL = { INTERVAL: "1s", DRIFT_PERIOD: "1h" };

let scene: Scene;
let place: DaemonPlace;

beforeAll(async () => {
  scene = await startScene([blue, green]);
  await scene.annotate(blue, { "shop/api": roleArn(blue, "api"), "shop/plain": null });
  await scene.annotate(green, { "shop/api": roleArn(green, "api"), "shop/plain": null });
  place = await daemonPlace(scene, [entry]);
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

function setRole(name: string, role: string | null): Promise<void> {
  return annotateServiceAccount(scene.running(blue), { namespace: "shop", name }, { [ROLE]: role });
}

async function started(settings: Readonly<Record<string, string>>) {
  const daemon = await place.start(settings);
  await daemon.until(({ updates }) => expect(updates).toHaveLength(1));
  return daemon;
}

/** The API server of `blue` behind a proxy, for one test. */
async function behindProxy() {
  const { endpoint = "" } = scene.sandbox.aws.world.cluster(blue) ?? {};
  const proxy = await startTcpProxy(endpoint);
  scene.sandbox.aws.world.setCluster(blue, { endpoint: proxy.url });
  onTestFinished(async () => {
    scene.sandbox.aws.world.setCluster(blue, { endpoint });
    await proxy.stop();
  });
  return proxy;
}

async function healthOf(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(new URL("/health", url));
  return { status: answer.status, text: await answer.text() };
}

/** Of the daemons in this process. */
async function enginePids(): Promise<readonly number[]> {
  const { stdout } = await execa("ps", ["-eo", "pid=,ppid=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    const isEngine = Number(parent) === process.pid && command.join(" ").includes("engineWorker");
    return isEngine ? [Number(pid)] : [];
  });
}

describe.sequential("a daemon in trouble", () => {
  test("an API server that is lost is unhealthy in time, and caught up with when it is back", async () => {
    const proxy = await behindProxy();
    const { url } = await started(BY_INTERVAL);
    await vi.waitFor(async () => expect((await healthOf(url)).status).toBe(200), SOON);
    proxy.cut();
    await setRole("api", roleArn(blue, "worker"));
    await vi.waitFor(async () => {
      const { status, text } = await healthOf(url);
      expect(status).toBe(503);
      expect(text).toContain("blue");
    }, SOON);
    // The other cluster is followed meanwhile.
    await scene.annotate(green, { "shop/beside": roleArn(green, "api") });
    await vi.waitFor(() => expect(scene.held(green)).toMatchObject({ "shop/beside": "api" }), SOON);
    proxy.mend();
    await vi.waitFor(() => expect(scene.held(blue)).toEqual({ "shop/api": "worker" }), SOON);
    await vi.waitFor(async () => expect((await healthOf(url)).status).toBe(200), SOON);
    expect(changesAt(scene.sandbox)).toEqual({
      CreatePodIdentityAssociation: expect.any(Number),
      UpdatePodIdentityAssociation: 1,
    });
  });

  test("an API server that hangs from the start holds up no other cluster", async () => {
    const proxy = await behindProxy();
    proxy.silence();
    const { url } = await place.start(BY_EVENTS);
    await scene.annotate(green, { "shop/early": roleArn(green, "api") });
    await vi.waitFor(() => expect(scene.held(green)).toMatchObject({ "shop/early": "api" }), SOON);
    expect((await healthOf(url)).text).toContain("blue");
    proxy.mend();
    await vi.waitFor(async () => expect((await healthOf(url)).status).toBe(200), SOON);
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 1 });
  });

  test("a role that does not exist holds nothing up, and is given when it exists", async () => {
    const { until } = await started(BY_INTERVAL);
    await scene.annotate(blue, {
      "shop/missing": `arn:aws:iam::${HOME}:role/later`,
      "shop/beside": roleArn(blue, "api"),
    });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/beside": "api" }), SOON);
    await setRole("beside", roleArn(blue, "worker"));
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/beside": "worker" }), SOON);
    expect(changesAt(scene.sandbox)).toEqual({
      CreatePodIdentityAssociation: 1,
      UpdatePodIdentityAssociation: 1,
    });
    scene.sandbox.aws.world.addRole({ account: HOME, name: "later" });
    await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/missing": "later" }), SOON);
    await until(({ updates }) => {
      for (const { result } of updates) expect(result).toBe("succeeded");
    });
  });

  test("an engine's process that is killed is replaced, and what it was to do is done", async () => {
    const { until } = await started(BY_EVENTS);
    scene.sandbox.aws.faults.inject({ action: "CreatePodIdentityAssociation", effect: { kind: "hang" } });
    await scene.annotate(blue, { "shop/orphaned": roleArn(blue, "api") });
    await scene.sandbox.aws.calls.waitFor(callAbout("CreatePodIdentityAssociation", "orphaned"));
    for (const pid of await enginePids()) process.kill(pid, "SIGKILL");
    await until(({ updates: [last, ...before] }) => {
      expect(last).toMatchObject({ trigger: "retry", result: "succeeded" });
      expect(before.find(({ result }) => result === "failed")?.error).toMatch(
        /the engine's process has ended by itself \(SIGKILL\)/,
      );
    });
    expect(scene.held(blue)).toMatchObject({ "shop/orphaned": "api" });
    scene.sandbox.aws.faults.release();
  });

  test("others' stale associations are purged where that is on, and only there", async () => {
    const theirs = (name: string) =>
      scene.sandbox.aws.world.putAssociation(blue, {
        namespace: "shop",
        serviceAccount: name,
        roleArn: roleArn(blue, "api"),
        tags: { owner: "them" },
      });
    theirs("gone");
    const daemon = await started(BY_INTERVAL);
    expect(scene.held(blue)).toHaveProperty("shop/gone");
    await place.configure([{ ...entry, purge_external_stale_associations: true }]);
    await vi.waitFor(() => expect(scene.held(blue)).not.toHaveProperty("shop/gone"), SOON);
    // One that comes while the daemon runs goes with the next look at AWS, by an update of its own.
    theirs("back");
    await vi.waitFor(() => expect(scene.held(blue)).not.toHaveProperty("shop/back"), SOON);
    await place.configure([entry]);
    await daemon.until(({ updates }) => {
      expect(updates.filter(({ trigger }) => trigger === "configuration")).toHaveLength(2);
    });
  });

  test("an interval with nothing to do reads lists and a slice of the roles, and no more", async () => {
    const { until } = await started({ INTERVAL: "1s", DRIFT_PERIOD: "1h" });
    const listed = () => scene.sandbox.aws.calls.all("ListClusters").length;
    const lists = listed();
    // What the start left open is read by then.
    await vi.waitFor(() => expect(listed()).toBeGreaterThan(lists + 2), SOON);
    const seen = scene.sandbox.aws.calls.all().length;
    const before = listed();
    await vi.waitFor(() => expect(listed()).toBeGreaterThan(before + 3), SOON);
    const asked = new Set(
      scene.sandbox.aws.calls
        .all()
        .slice(seen)
        .map(({ action }) => action),
    );
    expect([...asked].sort()).toEqual([
      "DescribePodIdentityAssociation",
      "GetResources",
      "ListClusters",
      "ListPodIdentityAssociations",
    ]);
    await until(({ updates }) => expect(updates).toHaveLength(1));
  });
});
