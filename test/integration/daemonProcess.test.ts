import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { deleteServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import { projectDirectory as checkout } from "../../sandbox/stack.ts";
import { callAbout, type DaemonPlace, daemonPlace, SOON, saidAt } from "./daemonScene.ts";
import { changesAt, HOME, roleArn, type Scene, startScene } from "./scene.ts";

// The daemon as a process of its own: its exit codes, and what signals do.
const blue = { name: "blue", region: "us-east-1", account: HOME };

let scene: Scene;
let place: DaemonPlace;

beforeAll(async () => {
  scene = await startScene([blue]);
  await scene.annotate(blue, { "shop/api": roleArn(blue, "api"), "shop/plain": null });
  // Roles are not looked up: one that does not exist is tried all the same.
  place = await daemonPlace(scene, [
    { region: blue.region, cluster_name: "^blue$", role_trust_check: "off" },
  ]);
});
afterAll(async () => {
  await scene?.stop();
  // The command line runs in the checkout, where the engine writes a new stack's settings.
  if (place !== undefined) await rm(join(checkout, `Pulumi.${place.stack}.yaml`), { force: true });
});
beforeEach(() => {
  scene.sandbox.aws.calls.clear();
  scene.sandbox.aws.faults.clear();
});

function podIdentity(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = execa(join(checkout, "bin", "pod-identity"), ["run", ...args], {
    env: { ...place.environment, LOG_LEVEL: "info", NO_COLOR: "1", ...environment },
    cwd: place.projectDirectory,
    reject: false,
    all: true,
    // A group of its own, as a shell gives each job.
    detached: true,
    // An update that ends takes its time.
    forceKillAfterDelay: false,
    stdin: "ignore",
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child;
  });
  return child;
}

function once(environment: Readonly<Record<string, string>> = {}) {
  return podIdentity(["--once=true", "--stack", place.stack], environment);
}

/** A daemon that has done its full update. */
async function started(environment: Readonly<Record<string, string>> = {}) {
  const { url, daemon } = await listening(environment);
  await vi.waitFor(async () => expect((await saidAt(url)).updates).toHaveLength(1), SOON);
  return { url, daemon };
}

/** A daemon whose page can be asked. */
async function listening(environment: Readonly<Record<string, string>>) {
  const child = podIdentity(["--stack", place.stack, "--interval", "1h"], environment);
  let output = "";
  child.all?.on("data", (chunk) => {
    output += String(chunk);
  });
  const url = await vi.waitFor(() => {
    const [, found] = /status page, health and metrics: (\S+)/.exec(output) ?? [];
    if (found === undefined) throw new Error(`it has not started:\n${output}`);
    return found;
  }, SOON);
  return { url, daemon: child };
}

/** The backend keeps a file of attributes beside each. */
async function locks(): Promise<readonly string[]> {
  const files = await readdir(place.locks).catch(() => []);
  return files.filter((name) => name.endsWith(".json"));
}

test("a single round ends with 0 where everything is in step, and with 1 where anything failed", async () => {
  const dry = await once({ DRY: "true" });
  expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/preview succeeded/) });
  expect(changesAt(scene.sandbox)).toEqual({});

  expect(await once()).toMatchObject({ exitCode: 0 });
  expect(scene.held(blue)).toEqual({ "shop/api": "api" });

  await scene.annotate(blue, {
    "shop/refused": "arn:aws:iam::222222222222:role/api",
    "shop/worker": roleArn(blue, "worker"),
  });
  const refused = await once();
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toMatch(
    /ERROR: up failed: \S*shop\/refused\S*: .*Cross-account pass role is not allowed/,
  );
  expect(scene.held(blue)).toEqual({ "shop/api": "api", "shop/worker": "worker" });
  await deleteServiceAccounts(scene.running(blue), [{ namespace: "shop", name: "refused" }]);

  const code = "AccessDeniedException";
  const fault = {
    action: "ListPodIdentityAssociations",
    times: "always",
    effect: { kind: "error", code },
  } as const;
  scene.sandbox.aws.faults.inject(fault);
  const unread = await once();
  expect(unread.exitCode).toBe(1);
  expect(unread.stdout).toMatch(/cluster held: .*eks:ListPodIdentityAssociations: AccessDeniedException/);
  expect(scene.held(blue)).toEqual({ "shop/api": "api", "shop/worker": "worker" });
});

test.each([
  ["no stack", [], {}, /^error: name a stack to drive: .*$/],
  ["a bad value", ["--stack", "any"], { INTERVAL: "soon" }, /^error: INTERVAL: expected a duration.*"soon"$/],
  ["a stack twice", ["--stack", "any", "--stack", "any"], {}, /^error: --stack any is named twice.*$/],
])("%s stops the start with one line", async (_, args, environment, line) => {
  const { exitCode, all } = await podIdentity(args, environment);
  expect(exitCode).toBe(1);
  expect(all).toMatch(line);
});

test("SIGTERM lets the running update finish, starts nothing new, and leaves no lock", async () => {
  const { daemon } = await started();
  scene.sandbox.aws.faults.inject({ action: "CreatePodIdentityAssociation", effect: { kind: "hang" } });
  await scene.annotate(blue, { "shop/running": roleArn(blue, "api") });
  await scene.sandbox.aws.calls.waitFor(callAbout("CreatePodIdentityAssociation", "running"));
  expect(await locks()).toHaveLength(1);
  daemon.kill("SIGTERM");
  await scene.annotate(blue, { "shop/late": roleArn(blue, "api") });
  scene.sandbox.aws.faults.release();
  expect(await daemon).toMatchObject({ exitCode: 0 });
  expect(scene.held(blue)).toMatchObject({ "shop/running": "api" });
  expect(scene.held(blue)).not.toHaveProperty("shop/late");
  expect(await locks()).toEqual([]);
});

test("a second signal cancels the running update properly", async () => {
  const { daemon } = await started();
  // The aws provider waits for two minutes for such a role to come into being.
  await scene.annotate(blue, { "shop/canceled": `arn:aws:iam::${HOME}:role/missing` });
  await scene.sandbox.aws.calls.waitFor(callAbout("CreatePodIdentityAssociation", "canceled"));
  daemon.kill("SIGTERM");
  daemon.kill("SIGINT");
  expect(await daemon).toMatchObject({ exitCode: 0, all: expect.stringMatching(/up canceled/) });
  expect(await locks()).toEqual([]);
  await deleteServiceAccounts(scene.running(blue), [{ namespace: "shop", name: "canceled" }]);
});

test("Ctrl-C in a terminal, which all of its processes get, lets the running update finish", async () => {
  const { daemon } = await started();
  scene.sandbox.aws.faults.inject({ action: "CreatePodIdentityAssociation", effect: { kind: "hang" } });
  await scene.annotate(blue, { "shop/interrupted": roleArn(blue, "api") });
  await scene.sandbox.aws.calls.waitFor(callAbout("CreatePodIdentityAssociation", "interrupted"));
  process.kill(-(daemon.pid ?? Number.NaN), "SIGINT");
  scene.sandbox.aws.faults.release();
  expect(await daemon).toMatchObject({ exitCode: 0, all: expect.not.stringMatching(/canceled/) });
  expect(scene.held(blue)).toMatchObject({ "shop/interrupted": "api" });
});

test("a daemon that is killed in an update leaves no engine behind, and no lock", async () => {
  const { daemon } = await started();
  await scene.annotate(blue, { "shop/killed": `arn:aws:iam::${HOME}:role/missing` });
  await scene.sandbox.aws.calls.waitFor(callAbout("CreatePodIdentityAssociation", "killed"));
  expect(await locks()).toHaveLength(1);
  daemon.kill("SIGKILL");
  await daemon;
  await vi.waitFor(async () => expect(await locks()).toEqual([]), SOON);
  await deleteServiceAccounts(scene.running(blue), [{ namespace: "shop", name: "killed" }]);
  expect(await once()).toMatchObject({ exitCode: 0 });
});

test("a single round waits for a stack that somebody else has locked", async () => {
  await mkdir(place.locks, { recursive: true });
  const lock = join(place.locks, "test.json");
  // As the DIY backends write it; this process lives.
  const holder = {
    pid: process.pid,
    username: "ci",
    hostname: hostname(),
    timestamp: "2026-01-01T00:00:00Z",
  };
  await writeFile(lock, JSON.stringify(holder));
  await scene.annotate(blue, { "shop/once": roleArn(blue, "api") });
  const round = once();
  let output = "";
  round.all?.on("data", (chunk) => {
    output += String(chunk);
  });
  await vi.waitFor(() => expect(output).toMatch(new RegExp(`locked: .*pid ${process.pid}`)), SOON);
  expect(scene.held(blue)).not.toHaveProperty("shop/once");
  await rm(lock);
  expect(await round).toMatchObject({ exitCode: 0 });
  expect(scene.held(blue)).toMatchObject({ "shop/once": "api" });
});

test("where the leader is killed, the other takes over within 20 s", async () => {
  const election = { LEADER_ELECTION: "true" };
  const { daemon: leader } = await started(election);
  const { url } = await listening(election);
  await vi.waitFor(async () => expect((await saidAt(url)).clusters).toHaveLength(1), SOON);
  expect((await saidAt(url)).leading).toBe(false);
  leader.kill("SIGKILL");
  await scene.annotate(blue, { "shop/inherited": roleArn(blue, "api") });
  await vi.waitFor(() => expect(scene.held(blue)).toMatchObject({ "shop/inherited": "api" }), {
    ...SOON,
    // The Lease's 15 s, and the update that follows.
    timeout: 25_000,
  });
  expect((await saidAt(url)).leading).toBe(true);
});
