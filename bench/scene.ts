import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import ora, { type Ora } from "ora";
import { stringify } from "yaml";
import { type Sandbox, startSandbox } from "../sandbox/index.ts";
import { makeProject } from "../sandbox/project.ts";
import { createServiceAccounts } from "../sandbox/serviceAccounts.ts";
import type { ServiceAccount } from "../src/model/serviceAccount.ts";
import { engineTools, ensureToolchain, sandboxTools } from "../toolchain/index.ts";
import { MeasuredDaemon } from "./daemon.ts";

const ACCOUNT = "111111111111";
const ROLES = Array.from({ length: 20 }, (_, index) => `service-${index}`);

/** The annotation that asks for a role. */
export const ROLE = "eks.amazonaws.com/role-arn";

/** How big a scene is. */
export interface SceneSize {
  readonly clusters: number;
  /** In each cluster, all annotated. */
  readonly serviceAccounts: number;
}

/** Real API servers with ServiceAccounts, the simulated AWS, and room for a stack. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly stack: string;
  /** Where Pulumi.yaml is, and the stack's settings; goes with the scene. */
  readonly projectDirectory: string;
  /** What a process needs to keep the scene in step: the engine, the sandbox, the configuration, a state of its own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly spinner: Ora;
  /** Starts a daemon, which ends with the scene; settings over those of {@link quietSettings}. */
  daemon(settings?: Readonly<Record<string, string>>): Promise<MeasuredDaemon>;
}

/** A daemon that changes things, says nothing, and looks at AWS only when it is asked to or at its start. */
const quietSettings = {
  DRY: "false",
  LOG_LEVEL: process.env.LOG_LEVEL ?? "error",
  INTERVAL: "1h",
  ADDR: "127.0.0.1:0",
};

/** Runs `work` in a scene and takes everything down after it, however it ends. */
export async function inScene<T>(size: SceneSize, work: (scene: Scene) => Promise<T>): Promise<T> {
  const spinner = ora("starting the sandbox").start();
  const stack = `bench-${process.pid}`;
  const daemons: MeasuredDaemon[] = [];
  let sandbox: Sandbox | undefined;
  try {
    const toolchain = await ensureToolchain([...engineTools, ...sandboxTools]);
    sandbox = await startSandbox({
      clusters: Array.from({ length: size.clusters }, (_, index) => cluster(index)),
      baseAccount: ACCOUNT,
      roles: ROLES,
      tools: { kubeApiserver: toolchain.paths["kube-apiserver"], etcd: toolchain.paths.etcd },
    });
    spinner.text = "making ServiceAccounts";
    for (const running of sandbox.clusters) await createServiceAccounts(running, seeds(size.serviceAccounts));
    const environment = {
      ...toolchain.environment,
      ...sandbox.environment,
      ...(await stackEnvironment(sandbox.directory)),
    };
    const projectDirectory = join(sandbox.directory, "project");
    await makeProject(projectDirectory);
    return await work({
      sandbox,
      stack,
      projectDirectory,
      environment,
      spinner,
      async daemon(settings = {}) {
        const daemon = new MeasuredDaemon(stack, projectDirectory, {
          ...environment,
          ...quietSettings,
          ...settings,
        });
        daemons.push(daemon);
        spinner.text = "first update";
        await daemon.until(() => daemon.all("started").length > 0);
        await firstUpdate(daemon);
        return daemon;
      },
    });
  } finally {
    spinner.text = "taking the sandbox down";
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    await sandbox?.stop();
    spinner.stop();
  }
}

/** A role that exists, by number. */
export function roleArn(index: number): string {
  return `arn:aws:iam::${ACCOUNT}:role/${ROLES[index % ROLES.length]}`;
}

/** The ServiceAccount of a number, that asks for the role of the same number. */
export function serviceAccount(index: number): ServiceAccount {
  const namespace = `team-${Math.floor(index / 20)}`;
  return { namespace, name: `service-${index}`, annotations: { [ROLE]: roleArn(index) } };
}

/** Settles when `holds` does; asked every few milliseconds. Throws after `limitMs`. */
export async function waitUntil(what: string, limitMs: number, holds: () => boolean): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How many times AWS was looked at: each look begins with the list of clusters. */
export function listed({ sandbox }: Pick<Scene, "sandbox">): number {
  return sandbox.aws.calls.all("ListClusters").length;
}

/** Settles when AWS is looked at once more. Throws after `limitMs`. */
export async function nextInterval(scene: Pick<Scene, "sandbox">, limitMs: number): Promise<void> {
  const before = listed(scene);
  await waitUntil("the next interval", limitMs, () => listed(scene) > before);
}

async function firstUpdate(daemon: MeasuredDaemon): Promise<void> {
  await daemon.until(() => daemon.all("updated").length > 0);
  const [first] = daemon.all("updated");
  if (first?.result !== "succeeded")
    throw new Error(`the first update has ${first?.result}: ${first?.error}`);
  await daemon.quiet();
}

async function stackEnvironment(directory: string): Promise<Record<string, string>> {
  const configFile = join(directory, "config.yaml");
  await writeFile(
    configFile,
    stringify({
      clusters: [{ region: "us-east-1", cluster_name: "^bench-", service_account_reads: "list" }],
    }),
  );
  return {
    CONFIG_FILE: configFile,
    PULUMI_BACKEND_URL: `file://${directory}`,
    PULUMI_CONFIG_PASSPHRASE: "",
  };
}

function seeds(count: number): readonly ServiceAccount[] {
  return Array.from({ length: count }, (_, index) => serviceAccount(index));
}

function cluster(index: number) {
  return { name: `bench-${index}`, region: "us-east-1", account: ACCOUNT };
}
