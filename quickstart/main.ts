/**
 * `npm run quickstart`: the product's main job on this machine, from nothing.
 * AWS is simulated; the engine, its Kubernetes plugin and the API servers are real.
 */
import { Command } from "commander";
import pc from "picocolors";
import { type RunningCluster, type Sandbox, startSandbox } from "../sandbox/index.ts";
import {
  annotateServiceAccount,
  createServiceAccounts,
  deleteServiceAccounts,
} from "../sandbox/serviceAccounts.ts";
import { createStack, type SandboxStack } from "../sandbox/stack.ts";
import { runMain } from "../src/cli/runMain.ts";
import type { ClusterRef } from "../src/model/cluster.ts";
import { keyOf } from "../src/model/serviceAccount.ts";
import { UserError } from "../src/model/userError.ts";
import { engineTools, ensureToolchain, sandboxTools } from "../toolchain/index.ts";
import { associationTable, differences, readBack } from "./associations.ts";
import {
  type Change,
  changes,
  configuration,
  expectedAssociations,
  roleNames,
  scenario,
} from "./scenario.ts";
import { heading, step } from "./step.ts";

const ROLE_ANNOTATION = "eks.amazonaws.com/role-arn";
const BASE_ACCOUNT = "111111111111";

const { keep } = new Command("quickstart")
  .description("Starts a sandbox; shows a dry run, an update, and an update that follows changes.")
  .option("--keep", "leave the sandbox running until Ctrl-C, and print how to go on by hand", false)
  .parse()
  .opts<{ keep: boolean }>();

/** Ctrl-C: the step that runs is ended in order, and the sandbox with it. */
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interruption.abort(new UserError(`interrupted by ${signal}`)));
}

await runMain(async () => {
  heading("Tools");
  const toolchain = await ensureToolchain([...engineTools, ...sandboxTools]);
  if (toolchain.awsPlugin === "stand-in") {
    console.log("   The aws plugin can't be downloaded here: a stand-in with the same types serves.");
  }
  const sandbox = await step("Sandbox: two clusters in two accounts, with their ServiceAccounts", () =>
    startSandbox({
      clusters: scenario.map(({ ref }) => ref),
      baseAccount: BASE_ACCOUNT,
      roles: roleNames,
      tools: { kubeApiserver: toolchain.paths["kube-apiserver"], etcd: toolchain.paths.etcd },
      progress: (line) => console.log(`   ${line}`),
    }),
  );
  try {
    interruption.signal.throwIfAborted();
    // The sandbox is this process's AWS and Kubernetes, as it is that of the commands below.
    Object.assign(process.env, sandbox.environment);
    const environment = { ...toolchain.environment, ...sandbox.environment };
    await mainJob(
      sandbox,
      await createStack(sandbox.directory, "quickstart", environment, interruption.signal),
    );
  } finally {
    await sandbox.stop();
  }
});

/** The dry run, the update, and the update that follows changes; throws UserError where a step does not hold. */
async function mainJob(running: Sandbox, stack: SandboxStack): Promise<void> {
  for (const { ref, serviceAccounts } of scenario) {
    const annotated = serviceAccounts.map(({ role, ...account }) => ({
      ...account,
      annotations: role === undefined ? {} : { [ROLE_ANNOTATION]: role },
    }));
    await createServiceAccounts(clusterOf(running, ref), annotated);
  }
  await stack.configure(configuration);

  await step("Dry run: pulumi preview", () => pulumi(stack, ["preview"]));
  await step("Apply: pulumi up", () => pulumi(stack, ["up", "--yes", "--skip-preview"]));
  await show("before changes", new Map());
  await step("Again: nothing to change", () =>
    pulumi(stack, ["up", "--yes", "--skip-preview", "--expect-no-changes"]),
  );

  const marks = await step("Add, re-role and remove a ServiceAccount", async () => {
    for (const change of changes) await makeChange(clusterOf(running, change.cluster), change);
    return new Map(changes.map(({ kind, cluster, account }) => [`${cluster.name} ${keyOf(account)}`, kind]));
  });
  await step("Follow: pulumi up", () => pulumi(stack, ["up", "--yes", "--skip-preview"]));
  await show("after changes", marks);

  console.log(`\n${pc.green("All as it should be.")}`);
  if (keep) await keepRunning(stack);
}

/** Shows what EKS holds now, and throws UserError where that is not what the scenario asks for. */
async function show(
  state: "before changes" | "after changes",
  marks: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = await step("What the EKS API answers now", async () => {
    const read = await readBack(
      scenario.map(({ ref }) => ref),
      BASE_ACCOUNT,
    );
    console.log(associationTable(read, marks));
    return read;
  });
  const wrong = differences(rows, expectedAssociations(state));
  if (wrong.length > 0) throw new UserError(`the associations are not as expected:\n${wrong.join("\n")}`);
}

async function pulumi(stack: SandboxStack, args: readonly string[]): Promise<void> {
  const { exitCode } = await stack.pulumi(args, "show");
  interruption.signal.throwIfAborted();
  if (exitCode !== 0) throw new UserError(`pulumi ${args.join(" ")} ended with exit code ${exitCode}`);
}

async function makeChange(cluster: RunningCluster, { kind, account }: Change): Promise<void> {
  const { namespace, name } = account;
  if (kind === "remove") {
    console.log(`   remove   ${cluster.ref.name} ${keyOf(account)}`);
    await deleteServiceAccounts(cluster, [{ namespace, name }]);
    return;
  }
  console.log(`   ${kind.padEnd(8)} ${cluster.ref.name} ${keyOf(account)} -> ${account.role}`);
  const annotations = { [ROLE_ANNOTATION]: account.role };
  if (kind === "add") await createServiceAccounts(cluster, [{ namespace, name, annotations }]);
  else await annotateServiceAccount(cluster, account, annotations);
}

function clusterOf(running: Sandbox, { name }: ClusterRef): RunningCluster {
  const found = running.clusters.find(({ ref }) => ref.name === name);
  if (found === undefined) throw new Error(`the sandbox has no cluster ${name}`);
  return found;
}

/** Prints how to go on by hand, and waits for Ctrl-C. */
async function keepRunning(stack: SandboxStack): Promise<void> {
  console.log("\nThe sandbox runs until Ctrl-C. In another shell, in this folder:\n");
  for (const [name, value] of Object.entries(stack.environment)) console.log(`export ${name}='${value}'`);
  console.log(`\npulumi up --stack ${stack.name} --config-file '${stack.configFile}'`);
  console.log("kubectl annotate serviceaccount ...   # where you have kubectl");
  await new Promise((resolve) => interruption.signal.addEventListener("abort", resolve));
}
