import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import type { Call } from "../../sandbox/aws/simulator.ts";
import { makeProject } from "../../sandbox/project.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "../../src/runner/daemon.ts";
import { readSettings } from "../../src/runner/settings.ts";
import { engineTools, ensureToolchain } from "../../toolchain/index.ts";
import type { Scene } from "./scene.ts";

/** An association's create, update or delete, of this ServiceAccount. */
export function callAbout(action: string, name: string): (call: Call) => boolean {
  return (call) => call.action === action && JSON.stringify(call.params).includes(`"${name}"`);
}

/** Waits for something that takes an update or two. */
export const SOON = { timeout: 60_000, interval: 25 };

const updateSchema = z.looseObject({
  kind: z.enum(["preview", "up"]),
  trigger: z.string(),
  targets: z.number().optional(),
  result: z.string(),
  error: z.string().optional(),
});

const statusSchema = z.looseObject({
  leading: z.boolean().optional(),
  reasons: z.array(z.looseObject({ cluster: z.string().optional(), message: z.string() })),
  stacks: z.array(
    z.looseObject({
      running: z.looseObject({ id: z.number() }).optional(),
      updates: z.array(updateSchema),
      clusters: z.array(z.looseObject({ name: z.string(), plannedAt: z.number().optional() })),
    }),
  ),
});

/** What a daemon says of its only stack. */
export interface Said {
  readonly leading: boolean | undefined;
  readonly running: boolean;
  /** The last one first. */
  readonly updates: readonly z.infer<typeof updateSchema>[];
  readonly clusters: readonly { readonly name: string; readonly plannedAt?: number | undefined }[];
  readonly reasons: readonly string[];
}

/** A daemon in this process, on one stack. */
export interface RunningDaemon extends Omit<Daemon, "url"> {
  readonly url: string;
  said(): Promise<Said>;
  /** Settles when `check` finds in it what it expects. */
  until<T>(check: (said: Said) => T): Promise<T>;
}

/** Where the daemons of a file keep their stacks, apart from the checkout and the user's. */
export interface DaemonPlace {
  readonly stack: string;
  readonly projectDirectory: string;
  readonly configFile: string;
  /** The locks of the stack are files there. */
  readonly locks: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Replaces the `clusters` of the configuration. */
  configure(clusters: readonly object[]): Promise<void>;
  /** Starts a daemon that ends with the test; settings by the names of their variables. */
  start(
    settings: Readonly<Record<string, string>>,
    options?: Pick<DaemonOptions, "openEngine">,
  ): Promise<RunningDaemon>;
}

/** A project's folder of its own, with the checkout's code: the engine writes stacks' settings beside Pulumi.yaml. */
export async function daemonPlace(scene: Scene, clusters: readonly object[]): Promise<DaemonPlace> {
  const projectDirectory = join(scene.sandbox.directory, "project");
  const state = join(scene.sandbox.directory, "state");
  await Promise.all([makeProject(projectDirectory), mkdir(state)]);
  const stack = "daemon";
  const configFile = join(projectDirectory, "config.yaml");
  const configure = (entries: readonly object[]) => writeFile(configFile, stringify({ clusters: entries }));
  await configure(clusters);
  const environment = {
    ...(await ensureToolchain(engineTools)).environment,
    ...scene.sandbox.environment,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    CONFIG_FILE: configFile,
    ADDR: "127.0.0.1:0",
    DRY: "false",
    LOG_LEVEL: "error",
    POLICY_PACK: "false",
    KUBERNETES_EVENTS: "false",
  };
  return {
    stack,
    projectDirectory,
    configFile,
    locks: join(state, ".pulumi", "locks", "organization", "eks-pod-identity-sync", stack),
    environment,
    configure,
    async start(settings, options = {}) {
      Object.assign(process.env, environment);
      const daemon = await startDaemon({
        settings: readSettings({ ...environment, ...settings }, {}),
        stacks: [stack],
        projectDirectory,
        ...options,
      });
      onTestFinished(async () => {
        daemon.stop();
        await daemon.done;
      });
      return runningDaemon(daemon);
    },
  };
}

function runningDaemon(daemon: Daemon): RunningDaemon {
  const { url = "" } = daemon;
  const said = () => saidAt(url);
  return {
    ...daemon,
    url,
    said,
    until: (check) => vi.waitFor(async () => check(await said()), SOON),
  };
}

/** What the daemon at this address says of its only stack. */
export async function saidAt(url: string): Promise<Said> {
  const answer = await fetch(new URL("/api/status", url));
  const { leading, reasons, stacks } = statusSchema.parse(await answer.json());
  const [stack] = stacks;
  if (stack === undefined) throw new Error("the status has no stack");
  return {
    leading,
    running: stack.running !== undefined,
    updates: stack.updates,
    clusters: stack.clusters,
    reasons: reasons.map(({ cluster = "", message }) => `${cluster} ${message}`),
  };
}
