import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningCluster, type Sandbox, startSandbox } from "../../sandbox/index.ts";
import { createServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import { type CommandEnd, createStack, type SandboxStack } from "../../sandbox/stack.ts";
import { type ClusterRef, clusterKey } from "../../src/model/cluster.ts";
import { engineTools, ensureToolchain, sandboxTools } from "../../toolchain/index.ts";

/** The annotation of the seed. */
export const ROLE = "eks.amazonaws.com/role-arn";
/** The default ownership tags. */
export const OUR_TAGS = { "managed-by": "eks-auto-pod-id-assoc" };
/** The account of the sandbox's credentials. */
export const HOME = "111111111111";

/** Roles that exist in every account of a scene. */
const roleNames = ["api", "worker", "admin"] as const;

/** A sandbox and what the tests of a file do with it. */
export interface Scene {
  readonly sandbox: Sandbox;
  /** A stack of its own, with an empty state; its directory goes with the scene. */
  newStack(
    clusters: readonly object[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<SandboxStack>;
  running(ref: ClusterRef): RunningCluster;
  /** Makes annotated ServiceAccounts; a role of null means no annotation. */
  annotate(ref: ClusterRef, roles: Readonly<Record<string, string | null>>): Promise<void>;
  /** What EKS holds: role name by `namespace/name`. */
  held(ref: ClusterRef): Record<string, string>;
  stop(): Promise<void>;
}

/** The ARN of a role of the scene. */
export function roleArn(ref: ClusterRef, name: (typeof roleNames)[number]): string {
  return `arn:aws:iam::${ref.account}:role/${name}`;
}

/** Starts real API servers and the simulated AWS, for all tests of a file. */
export async function startScene(clusters: readonly ClusterRef[]): Promise<Scene> {
  const toolchain = await ensureToolchain([...engineTools, ...sandboxTools]);
  const sandbox = await startSandbox({
    clusters,
    baseAccount: HOME,
    roles: roleNames,
    tools: { kubeApiserver: toolchain.paths["kube-apiserver"], etcd: toolchain.paths.etcd },
  });
  const directory = await mkdtemp(join(tmpdir(), "pod-identity-scene-"));
  let stacks = 0;
  const running = (ref: ClusterRef) => {
    const found = sandbox.clusters.find((cluster) => clusterKey(cluster.ref) === clusterKey(ref));
    if (found === undefined) throw new Error(`the scene has no cluster ${clusterKey(ref)}`);
    return found;
  };
  return {
    sandbox,
    running,
    async newStack(entries, environment = {}) {
      stacks += 1;
      const name = `test${stacks}`;
      const stack = await createStack(join(directory, name), name, {
        ...toolchain.environment,
        ...sandbox.environment,
        ...environment,
      });
      await stack.configure(entries);
      return stack;
    },
    async annotate(ref, roles) {
      const accounts = Object.entries(roles).map(([key, role]) => {
        const [namespace = "", name = ""] = key.split("/");
        return { namespace, name, annotations: role === null ? {} : { [ROLE]: role } };
      });
      await createServiceAccounts(running(ref), accounts);
    },
    held(ref) {
      const associations = sandbox.aws.world.associations(ref);
      return Object.fromEntries(
        associations
          .map((it) => [`${it.namespace}/${it.serviceAccount}`, it.roleArn.split("/").at(-1) ?? ""])
          .sort(),
      );
    },
    async stop() {
      await sandbox.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `pulumi up` without questions. */
export function up(stack: SandboxStack, ...options: string[]): Promise<CommandEnd> {
  return stack.pulumi(["up", "--yes", "--skip-preview", ...options]);
}

/** The output of a command that has to end well; a failed one is shown whole. */
export async function succeeded(command: Promise<CommandEnd>): Promise<string> {
  const { exitCode, output } = await command;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}:\n${output}`);
  return output;
}

/** The output of a command that has to fail. */
export async function failed(command: Promise<CommandEnd>): Promise<string> {
  const { exitCode, output } = await command;
  if (exitCode === 0) throw new Error(`it did not fail:\n${output}`);
  return output;
}

/** The calls that changed something at AWS since the log was cleared, by action. */
export function changesAt(sandbox: Sandbox): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { mutating, action } of sandbox.aws.calls.all()) {
    if (mutating) counts[action] = (counts[action] ?? 0) + 1;
  }
  return counts;
}
