import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { StartError, startListening } from "../../sandbox/controlPlane/readiness.ts";
import { processesNaming } from "./sandboxProcesses.ts";

// Each test starts programs, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sandbox-readiness-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const serve =
  'require("node:http").createServer((_, answer) => answer.end("ok")).listen(Number(process.argv[1]), "127.0.0.1")';
const findPortTaken =
  'console.log("listen tcp 127.0.0.1:2379: bind: address already in use"); process.exit(1)';

/** Starts a server whose n-th try runs the n-th program, and the last one from then on. */
async function start(...programs: readonly string[]) {
  const tried: (readonly number[])[] = [];
  const listening = startListening(
    1,
    (ports) => {
      const code = programs[Math.min(tried.length, programs.length - 1)] ?? "";
      tried.push(ports);
      const args = ["-e", code, String(ports[0]), directory];
      return { title: "server", file: process.execPath, args, logFile: join(directory, "log") };
    },
    async ([port]) => {
      const answer = await fetch(`http://127.0.0.1:${port}`).catch(() => undefined);
      return (await answer?.text()) === "ok";
    },
  );
  const outcome = await listening.catch((error: unknown) => error);
  if (!(outcome instanceof Error)) {
    const { process } = await listening;
    onTestFinished(() => process.stop());
  }
  return { tried, listening };
}

test("a server that answers is ready, on the ports that it was given", async () => {
  const { tried, listening } = await start(serve);
  const { ports } = await listening;
  expect(tried).toEqual([ports]);
});

test("a port that was taken in between costs a try with another one", async () => {
  const { tried, listening } = await start(findPortTaken, serve);
  const { ports } = await listening;
  expect(tried).toHaveLength(2);
  expect(tried[1]).toEqual(ports);
  expect(tried[0]).not.toEqual(ports);
});

test("ports that are always taken are given up", async () => {
  const { tried, listening } = await start(findPortTaken);
  await expect(listening).rejects.toThrow("address already in use");
  expect(tried.length).toBeGreaterThan(1);
});

test("another failure is told at once, with the end of the log, and leaves nothing", async () => {
  const { tried, listening } = await start('console.log("unknown flag: --bad"); process.exit(2)');
  const message = `server (${process.execPath}) did not start: ended with code 2; its log ends:\nunknown flag: --bad`;
  await expect(listening).rejects.toThrow(new StartError(message));
  expect(tried).toHaveLength(1);
  expect(await processesNaming(directory)).toEqual([]);
});
