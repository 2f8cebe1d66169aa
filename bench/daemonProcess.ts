import { readFileSync } from "node:fs";
import { type Daemon, startDaemon } from "../src/runner/daemon.ts";
import { readSettings } from "../src/runner/settings.ts";
import type { StackEngine } from "../src/runner/update/engine.ts";
import { openStackProcess } from "../src/runner/update/engineProcess.ts";
import { type Mark, request } from "./marks.ts";

// The daemon in a process of its own, as it runs in earnest: its memory is its own, and the sandbox does not take its
// time. It tells the benchmark what it does when.

/** The benchmark may have ended: what nobody reads is no error. */
function tell(mark: Mark): void {
  process.send?.(mark, undefined, undefined, () => undefined);
}

/** The engine's first word of a program that runs. */
const PROGRAM_RUNS = /pulumi:pulumi:Stack .* running/;

/** The engine, with the time told of each step. */
function timed(engine: StackEngine): StackEngine {
  return {
    configuredClusters: () => engine.configuredClusters(),
    cancel: () => engine.cancel(),
    close: () => engine.close(),
    recorded: () => engine.recorded(),
    async run(run) {
      tell({ what: "update", at: Date.now(), kind: run.kind, full: run.targets === undefined });
      const end = await engine.run({
        ...run,
        onOutput(text) {
          if (PROGRAM_RUNS.test(text)) tell({ what: "program", at: Date.now() });
          run.onOutput(text);
        },
      });
      const error = end.error === undefined ? {} : { error: end.error };
      tell({
        what: "updated",
        at: Date.now(),
        result: end.result,
        ...error,
        enginePeak: childrensMemory("VmHWM"),
      });
      return end;
    },
  };
}

function answer(message: unknown, daemon: Daemon): void {
  switch (request.parse(message)) {
    case "memory": {
      // What is garbage is no leak.
      globalThis.gc?.();
      const { rss, heapUsed } = process.memoryUsage();
      tell({ what: "memory", rss, heap: heapUsed, engine: childrensMemory("VmRSS") });
      break;
    }
    case "stop":
      daemon.stop();
  }
}

/** Of the processes that this one has started and that live, now or at most, bytes; 0 where the system has no /proc. */
function childrensMemory(which: "VmRSS" | "VmHWM"): number {
  const children = textOf(`/proc/${process.pid}/task/${process.pid}/children`).split(" ");
  return children
    .map((pid) => textOf(`/proc/${pid}/status`))
    .map((status) => Number(new RegExp(`^${which}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1_024)
    .reduce((sum, rss) => sum + rss, 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function main(stack: string, projectDirectory: string): Promise<void> {
  const daemon = await startDaemon({
    settings: readSettings(process.env, {}),
    stacks: [stack],
    projectDirectory,
    openEngine: async (options) => timed(await openStackProcess(options)),
  });
  process.on("message", (message) => answer(message, daemon));
  process.once("disconnect", () => daemon.stop());
  tell({ what: "started" });
  await daemon.done;
}

try {
  const [, , stack = "", projectDirectory = ""] = process.argv;
  await main(stack, projectDirectory);
} catch (error) {
  tell({ what: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
} finally {
  process.disconnect?.();
}
