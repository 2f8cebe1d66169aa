import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { startDaemon } from "../../src/runner/daemon.ts";
import { readSettings } from "../../src/runner/settings.ts";
import type { StackEngine } from "../../src/runner/update/engine.ts";

/** A daemon whose stacks' states can't be read: rounds end there, before anything is asked of AWS. */
async function daemonOf(
  states: Readonly<Record<string, () => Error>>,
  settings: Readonly<Record<string, string>> = {},
) {
  const directory = await mkdtemp(join(tmpdir(), "pod-identity-daemon-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "config.yaml");
  await writeFile(path, "clusters: [{region: us-east-1, cluster_name: ^blue$}]\n");
  const environment = {
    CONFIG_FILE: path,
    ADDR: "127.0.0.1:0",
    LOG_LEVEL: "error",
    KUBERNETES_EVENTS: "false",
  };
  const daemon = await startDaemon({
    settings: readSettings({ ...environment, ...settings }, {}),
    stacks: Object.keys(states),
    projectDirectory: directory,
    openEngine: async ({ stack }): Promise<StackEngine> => ({
      async recorded() {
        throw states[stack]?.();
      },
      run: () => Promise.reject(new Error("nothing is to be updated")),
      cancel: () => undefined,
      configuredClusters: async () => undefined,
      close: async () => undefined,
    }),
  });
  onTestFinished(async () => {
    daemon.stop();
    await daemon.done;
  });
  return daemon;
}

const backendDown = () => new UserError("stack prod: the backend does not answer");
const bug = () => new TypeError("not a function");

test("a failure that people can mend is a reason of the health check, and the daemon goes on", async () => {
  const { url = "", done, stop } = await daemonOf({ prod: backendDown });
  await vi.waitFor(async () => {
    const health = await fetch(new URL("/health", url));
    expect(health.status).toBe(503);
    expect(await health.text()).toContain("stack prod: the backend does not answer");
  });
  stop();
  expect(await done).toBe(true);
});

test("an unexpected error in one stack ends the daemon as failed, the other stacks included", async () => {
  const { done } = await daemonOf({ prod: backendDown, test: bug });
  expect(await done).toBe(false);
});

test("a single round that fails is no success", async () => {
  const { done, url } = await daemonOf({ prod: backendDown }, { RUN_ONCE: "true" });
  expect(await done).toBe(false);
  expect(url).toBeUndefined();
});
