import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { logEnd, type OwnedProcess, startProcess } from "../../sandbox/controlPlane/ownedProcess.ts";
import { endProcessesNaming, exists, processesNaming } from "./sandboxProcesses.ts";

// Each test starts programs, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sandbox-process-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs JavaScript as an owned process, which ends with the test. */
async function run(code: string): Promise<OwnedProcess> {
  const owned = await startProcess({
    title: "program",
    file: process.execPath,
    args: ["-e", code, directory],
    logFile: join(directory, "log"),
  });
  onTestFinished(() => owned.stop());
  return owned;
}

const log = () => readFile(join(directory, "log"), "utf8");

test.each([
  { ending: "its exit code", code: "process.exit(3)", how: "code 3" },
  { ending: "its signal", code: 'process.kill(process.pid, "SIGKILL")', how: "SIGKILL" },
])("a process that ends by itself tells $ending, and leaves nothing", async ({ code, how }) => {
  const owned = await run(code);
  expect(await owned.ended).toBe(how);
  expect(await processesNaming(directory)).toEqual([]);
});

test("the log holds both streams", async () => {
  const owned = await run('console.log("to stdout"); console.error("to stderr")');
  await owned.ended;
  expect((await log()).trim().split("\n").sort()).toEqual(["to stderr", "to stdout"]);
});

test("the end of a long log is its last six lines", async () => {
  const owned = await run("for (let i = 1; i <= 20; i++) console.log(i)");
  await owned.ended;
  expect(await logEnd(join(directory, "log"))).toBe("15\n16\n17\n18\n19\n20");
});

test("a program that is not there ends with the shell's code and message", async () => {
  const file = join(directory, "no-such-program");
  const owned = await startProcess({ title: "program", file, args: [], logFile: join(directory, "log") });
  expect(await owned.ended).toBe("code 127");
  expect(await log()).toContain(file);
});

test("the program sees nothing of the environment but the PATH", async () => {
  process.env.ETCD_NAME = "from the user's shell";
  onTestFinished(() => {
    delete process.env.ETCD_NAME;
  });
  const owned = await run("console.log(JSON.stringify(process.env))");
  await owned.ended;
  const seen = z.record(z.string(), z.string()).parse(JSON.parse(await log()));
  expect(seen.PATH).toBe(process.env.PATH);
  expect(seen).not.toHaveProperty("ETCD_NAME");
});

test("stop asks with SIGTERM, leaves nothing, and may be called again", async () => {
  const owned = await run(
    'process.once("SIGTERM", () => process.exit(7)); console.log("up"); setInterval(() => undefined, 60_000)',
  );
  await expect.poll(log, { timeout: 20_000 }).toContain("up");
  await owned.stop();
  await owned.stop();
  expect(await owned.ended).toBe("code 7");
  expect(await processesNaming(directory)).toEqual([]);
});

test("stop kills a program that does not listen to SIGTERM", async () => {
  const owned = await run(
    'process.on("SIGTERM", () => undefined); console.log("up"); setInterval(() => undefined, 60_000)',
  );
  await expect.poll(log, { timeout: 20_000 }).toContain("up");
  await owned.stop();
  expect(await owned.ended).toBe("SIGKILL");
});

test.each([
  { ending: "SIGKILL", signal: "SIGKILL" },
  { ending: "SIGTERM", signal: "SIGTERM" },
  { ending: "an error that nobody catches", signal: undefined },
] as const)("processes and directories end with their owner: $ending", async ({ signal }) => {
  const owner = execa(process.execPath, [join(import.meta.dirname, "sandboxOwner.ts"), "throw"], {
    reject: false,
    stderr: "ignore",
  });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const [line] = await once(createInterface(owner.stdout), "line");
  const { directory: owned } = z.object({ directory: z.string() }).parse(JSON.parse(line));
  onTestFinished(() => endProcessesNaming(owned));
  expect(await processesNaming(owned)).not.toEqual([]);

  if (signal === undefined) owner.stdin.write("now\n");
  else owner.kill(signal);
  await owner;

  await expect.poll(() => processesNaming(owned), { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => exists(owned), { timeout: 20_000 }).toBe(false);
});
