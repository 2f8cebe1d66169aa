/**
 * `npm start`: the daemon on the stacks that are named (`--stack`, or
 * POD_IDENTITY_STACK with commas), else on a sandbox of its own.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { runDaemon } from "../src/cli/runCommand.ts";
import { runMain } from "../src/cli/runMain.ts";
import { engineTools, ensureToolchain, sandboxTools } from "../toolchain/index.ts";
import { type Sandbox, startSandbox } from "./index.ts";
import { makeProject } from "./project.ts";
import { sampleRoles, sampleServiceAccounts } from "./sampleServiceAccounts.ts";
import { createServiceAccounts } from "./serviceAccounts.ts";

const ACCOUNT = "111111111111";
const STACK = "sandbox";
const clusters = [
  { name: "demo-east", region: "us-east-1", account: ACCOUNT },
  { name: "demo-west", region: "eu-west-1", account: ACCOUNT },
];

await runMain(async () => {
  const named = process.argv.some((argument) => /^(-s|--stack)(=|$)/.test(argument));
  const stacks = (process.env.POD_IDENTITY_STACK ?? "").split(",").filter((stack) => stack !== "");
  if (named || stacks.length > 0 || process.argv.includes("--help")) {
    const { environment } = await ensureToolchain(engineTools);
    Object.assign(process.env, environment);
    await runDaemon([...stacks.flatMap((stack) => ["--stack", stack]), ...process.argv.slice(2)]);
    return;
  }
  console.error("No stack is named (--stack NAME, or POD_IDENTITY_STACK): starting a sandbox to run on.");
  const { environment, paths } = await ensureToolchain([...engineTools, ...sandboxTools]);
  const sandbox = await startSandbox({
    clusters,
    baseAccount: ACCOUNT,
    roles: sampleRoles,
    tools: { kubeApiserver: paths["kube-apiserver"], etcd: paths.etcd },
    progress: (line) => console.error(line),
  });
  try {
    Object.assign(process.env, environment, await prepare(sandbox));
    const project = join(sandbox.directory, "project");
    await makeProject(project);
    await runDaemon(["--stack", STACK, ...process.argv.slice(2)], project);
  } finally {
    await sandbox.stop();
  }
});

/** Fills the sandbox, and gives the environment for a daemon that applies what it finds there. */
async function prepare(sandbox: Sandbox): Promise<Readonly<Record<string, string>>> {
  await Promise.all(
    sandbox.clusters.map((cluster) =>
      createServiceAccounts(cluster, sampleServiceAccounts(20, cluster.ref.account)),
    ),
  );
  const configFile = join(sandbox.directory, "config.yaml");
  const entries = clusters.map(({ region }) => ({ region, cluster_name: "^demo-" }));
  await writeFile(configFile, stringify({ clusters: entries }));
  console.error(`kubectl works with: export KUBECONFIG='${sandbox.environment.KUBECONFIG}'`);
  return {
    ...sandbox.environment,
    CONFIG_FILE: configFile,
    DRY: process.env.DRY ?? "false",
    PULUMI_BACKEND_URL: `file://${sandbox.directory}`,
    PULUMI_CONFIG_PASSPHRASE: "",
  };
}
