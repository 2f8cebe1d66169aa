import { UserError } from "../../model/userError.ts";
import { openStack, type StackEngine } from "./engine.ts";
import { type EngineAnswer, type EngineGrown, type EngineRequest, readRun } from "./engineMessages.ts";

// The engine of one stack in a process of its own: see engineProcess.ts, which starts it.

/** Whoever waits for an answer plans the next request meanwhile. */
const REST_MS = 100;
/**
 * The packages of Pulumi keep some memory of every program that they have run,
 * of each resource some kilobytes; a process that holds so much more than it
 * did at first is to be replaced. Bytes.
 */
const MOST_GROWTH = 50_000_000;

// The packages of Pulumi keep the stack trace of every promise, dozens for each resource.
Error.stackTraceLimit = 2;

let engine: StackEngine | undefined;
/** What the last answer about the state held. */
let told: unknown;

async function answerTo(request: Exclude<EngineRequest, { what: "cancel" }>): Promise<EngineAnswer> {
  const { id } = request;
  if (request.what === "open") {
    engine = await openStack(request.options);
    return { what: "opened", id };
  }
  if (engine === undefined) throw new Error(`${request.what} before open`);
  switch (request.what) {
    case "recorded": {
      const recorded = await engine.recorded();
      const isKnown = recorded === told;
      told = recorded;
      return isKnown ? { what: "recorded", id } : { what: "recorded", id, recorded };
    }
    case "configuredClusters":
      return { what: "configuredClusters", id, clusters: await engine.configuredClusters() };
    case "run": {
      const run = readRun(request.run, (text) => tell({ what: "printed", id, text }));
      return { what: "ended", id, end: await engine.run(run) };
    }
  }
}

/** Who asked may have died meanwhile, even where that is not known here yet: an error that nobody takes ends a process. */
function tell(answer: EngineAnswer | EngineGrown): void {
  if (process.connected) process.send?.(answer, undefined, undefined, () => undefined);
}

let busy = 0;

async function take(request: EngineRequest): Promise<void> {
  if (request.what === "cancel") return engine?.cancel();
  const { id } = request;
  busy += 1;
  try {
    tell(await answerTo(request));
  } catch (error) {
    const expected = error instanceof UserError;
    const message = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
    tell({ what: "threw", id, message: message ?? "", expected });
  }
  busy -= 1;
  endWhenAlone();
  clearTimeout(cleaning);
  cleaning = setTimeout(clean, REST_MS);
}

let cleaning: NodeJS.Timeout | undefined;
/** Memory in use once the state was read, bytes. */
let atFirst: number | undefined;

/** What a state or a program of thousands of resources leaves is given back before long. */
function clean(): void {
  if (busy > 0) return;
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  // What the state holds is kept on purpose.
  if (told !== undefined) atFirst ??= heapUsed;
  if (atFirst !== undefined && heapUsed > atFirst + MOST_GROWTH) tell({ what: "grown" });
}

// Gone is whoever plans and watches: an update that runs is to leave the stack unlocked and its state written.
function endWhenAlone(): void {
  if (process.connected) return;
  engine?.cancel();
  if (busy === 0) process.exit();
}

// Who stops everything at once, as service managers do, is to leave it to the daemon what becomes of an update.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("message", (request: EngineRequest) => void take(request));
process.on("disconnect", endWhenAlone);
