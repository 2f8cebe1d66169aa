import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { withApiClient } from "../../sandbox/controlPlane/apiClient.ts";
import { type SandboxOptions, StartError, startSandbox } from "../../sandbox/index.ts";
import { localKubeConfig } from "../../src/kubernetes/access.ts";
import { listServiceAccounts } from "../../src/kubernetes/serviceAccounts.ts";
import { keyOf } from "../../src/model/serviceAccount.ts";
import { ensureToolchain, sandboxTools } from "../../toolchain/index.ts";
import { endProcessesNaming, exists, processesNaming } from "../unit/sandboxProcesses.ts";

const clusters = [{ name: "blue", region: "us-east-1", account: "111111111111" }];
let tools: SandboxOptions["tools"];

beforeAll(async () => {
  const { paths } = await ensureToolchain(sandboxTools);
  tools = { kubeApiserver: paths["kube-apiserver"], etcd: paths.etcd };
});

/** Settles when no process of the sandbox in `directory` is left, nor the directory. */
async function expectNothingLeft(directory: string): Promise<void> {
  await expect.poll(() => processesNaming(directory), { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => exists(directory), { timeout: 20_000 }).toBe(false);
}

/** A folder that goes with the test. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const printed = z.object({
  directory: z.string(),
  environment: z.record(z.string(), z.string()),
  clusters: z.array(z.object({ name: z.string(), server: z.string(), kubeconfig: z.string() })),
});

/** Runs `npm run sandbox` with one cluster, as a process that ends with the test. */
async function runMain(...options: readonly string[]) {
  const child = execa(process.execPath, ["sandbox/main.ts", "--clusters", "1", "-o", "json", ...options], {
    reject: false,
    buffer: { stdout: false },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  const whole = Promise.withResolvers<z.infer<typeof printed>>();
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line);
    if (line === "}") whole.resolve(printed.parse(JSON.parse(lines.join(""))));
  });
  child.then(({ stderr }) => whole.reject(new Error(`the sandbox ended before it ran:\n${stderr}`)));
  const sandbox = await whole.promise;
  onTestFinished(() => endProcessesNaming(sandbox.directory));
  return { child, sandbox };
}

test("stop leaves nothing, not even with a watch open, and may be called again", async () => {
  const sandbox = await startSandbox({ clusters, tools });
  onTestFinished(() => sandbox.stop());
  const [cluster] = sandbox.clusters;
  if (cluster === undefined) throw new Error("the sandbox has no cluster");
  const watch = withApiClient(cluster, (api) => api.send("GET", "/api/v1/serviceaccounts?watch=1"));
  const cut = watch.catch((error: unknown) => error);
  expect(await processesNaming(sandbox.directory)).not.toEqual([]);

  await Promise.all([sandbox.stop(), sandbox.stop()]);
  await sandbox.stop();
  expect(await processesNaming(sandbox.directory)).toEqual([]);
  expect(await exists(sandbox.directory)).toBe(false);
  await cut;
});

test.each(["etcd", "kubeApiserver"] as const)(
  "a sandbox whose %s does not start leaves nothing",
  async (tool) => {
    const folder = await temporaryFolder();
    const temporary = process.env.TMPDIR;
    onTestFinished(() => {
      if (temporary === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporary;
    });
    process.env.TMPDIR = folder;

    const started = startSandbox({ clusters, tools: { ...tools, [tool]: "/bin/false" } });
    const error = await started.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toContain("(/bin/false) did not start: ended with code 1");
    expect(await processesNaming(folder)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  },
);

test("npm run sandbox says how to use it, and SIGTERM takes all of it away", async () => {
  const exportFile = join(await temporaryFolder(), "exports");
  const { child, sandbox } = await runMain("--service-accounts", "3", "--export-file", exportFile);
  expect(await readFile(exportFile, "utf8")).toContain(
    `export AWS_ENDPOINT_URL='${sandbox.environment.AWS_ENDPOINT_URL}'\n`,
  );
  const config = localKubeConfig({ kubeconfig: sandbox.environment.KUBECONFIG ?? "", context: "cluster-1" });
  expect((await listServiceAccounts(config)).map(keyOf)).toEqual([
    "team-1/app-1",
    "team-1/app-2",
    "team-1/app-3",
  ]);

  child.kill("SIGTERM");
  expect((await child).exitCode).toBe(0);
  expect(await processesNaming(sandbox.directory)).toEqual([]);
  expect(await exists(sandbox.directory)).toBe(false);
  expect(await exists(exportFile)).toBe(false);
});

test("SIGINT stops npm run sandbox in order", async () => {
  const { child, sandbox } = await runMain();
  child.kill("SIGINT");
  expect((await child).exitCode).toBe(0);
  expect(await processesNaming(sandbox.directory)).toEqual([]);
  expect(await exists(sandbox.directory)).toBe(false);
});

test("SIGKILL of npm run sandbox leaves nothing", async () => {
  const { child, sandbox } = await runMain();
  expect(await processesNaming(sandbox.directory)).not.toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  await expectNothingLeft(sandbox.directory);
});
