import { type Daemon, startDaemon } from "../src/runner/daemon.ts";
import { readSettings } from "../src/runner/settings.ts";
import { openStack, type StackEngine } from "../src/runner/update/engine.ts";
import { type Mark, request } from "./marks.ts";

// The daemon in a process of its own, as it runs in earnest: its memory is its own, and the sandbox does not take its
// time. It tells the benchmark what it does when.

function tell(mark: Mark): void {
  process.send?.(mark);
}

/** The engine, with the time told of each step. */
function timed(engine: StackEngine): StackEngine {
  return {
    ...engine,
    async recorded() {
      const from = Date.now();
      const recorded = await engine.recorded();
      tell({ what: "recorded", from, at: Date.now() });
      return recorded;
    },
    async run(run) {
      tell({ what: "update", at: Date.now(), kind: run.kind, full: run.targets === undefined });
      const end = await engine.run({
        ...run,
        async program() {
          tell({ what: "program", at: Date.now() });
          await run.program();
        },
      });
      const error = end.error === undefined ? {} : { error: end.error };
      tell({ what: "updated", at: Date.now(), result: end.result, ...error });
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
      tell({ what: "memory", rss, heap: heapUsed });
      break;
    }
    case "stop":
      daemon.stop();
  }
}

async function main(stack: string): Promise<void> {
  const daemon = await startDaemon({
    settings: readSettings(process.env, {}),
    stacks: [stack],
    openEngine: async (options) => timed(await openStack(options)),
  });
  process.on("message", (message) => answer(message, daemon));
  process.once("disconnect", () => daemon.stop());
  tell({ what: "started" });
  await daemon.done;
}

try {
  await main(process.argv[2] ?? "bench");
} catch (error) {
  tell({ what: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
} finally {
  process.disconnect?.();
}
