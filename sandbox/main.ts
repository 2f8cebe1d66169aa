/** `npm run sandbox`: clusters and a simulated AWS for other programs, until Ctrl-C. */
import { rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { runMain } from "../src/cli/runMain.ts";
import { ensureToolchain, sandboxTools } from "../toolchain/index.ts";
import { type Sandbox, startSandbox } from "./index.ts";
import { exportLines, sandboxJson } from "./report.ts";
import { sampleRoles, sampleServiceAccounts } from "./sampleServiceAccounts.ts";
import { createServiceAccounts } from "./serviceAccounts.ts";

const ACCOUNT = "111111111111";
const REGION = "us-east-1";
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const optionsSchema = z.object({
  clusters: z.number(),
  serviceAccounts: z.number(),
  output: z.enum(["shell", "json"]),
  exportFile: z.string().optional(),
});
type Options = z.infer<typeof optionsSchema>;

const command = new Command("npm run sandbox --")
  .description("Runs Kubernetes API servers and a simulated AWS on this machine until Ctrl-C.")
  .option("--clusters <n>", "how many clusters, each an API server of its own", wholeNumber(1), 2)
  .option("--service-accounts <n>", "annotated ServiceAccounts to make in each", wholeNumber(0), 20)
  .addOption(
    new Option("-o, --output <format>", "what to print once it runs")
      .choices(["shell", "json"])
      .default("shell"),
  )
  // Not --env-file: node takes that one for itself even behind the script's name.
  .option("--export-file <file>", "write the export lines to this file also; removed at the end");

await runMain(async () => {
  const options = optionsSchema.parse(command.parse().opts());
  const { paths } = await ensureToolchain(sandboxTools);
  const sandbox = await startSandbox({
    clusters: Array.from({ length: options.clusters }, (_, index) => ({
      name: `cluster-${index + 1}`,
      region: REGION,
      account: ACCOUNT,
    })),
    baseAccount: ACCOUNT,
    roles: sampleRoles,
    tools: { kubeApiserver: paths["kube-apiserver"], etcd: paths.etcd },
    progress: (line) => void process.stderr.write(`${line}\n`),
  });
  try {
    await serve(sandbox, options);
  } finally {
    await sandbox.stop();
  }
});

/** Fills the sandbox, says how to use it, and waits for a signal to stop. */
async function serve(sandbox: Sandbox, options: Options): Promise<void> {
  const signal = stopSignal();
  await Promise.all(
    sandbox.clusters.map((cluster) =>
      createServiceAccounts(cluster, sampleServiceAccounts(options.serviceAccounts, cluster.ref.account)),
    ),
  );
  const exportFile = options.exportFile === undefined ? undefined : resolve(options.exportFile);
  if (exportFile !== undefined) await writeFile(exportFile, exportLines(sandbox), { mode: 0o600 });
  try {
    process.stdout.write(options.output === "json" ? sandboxJson(sandbox) : exportLines(sandbox));
    const use =
      exportFile === undefined ? "the lines above make a shell use it" : `in a shell: . ${exportFile}`;
    process.stderr.write(`The sandbox runs; ${use}. Ctrl-C stops it.\n`);
    process.stderr.write(`${await signal}: stopping\n`);
  } finally {
    if (exportFile !== undefined) await rm(exportFile, { force: true });
  }
}

/** The next signal to stop; one more while we stop ends the process at once, and its children with it. */
function stopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of STOP_SIGNALS) process.once(signal, resolve);
  return promise;
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least) return value;
    throw new InvalidArgumentError(`It takes a whole number, ${least} or more.`);
  };
}
