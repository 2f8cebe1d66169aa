import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { COMPILE_CACHE } from "../../compileCache.ts";
import { UserError } from "../../model/userError.ts";
import type { RecordedCluster } from "../../program/state.ts";
import type { EngineEnd, EngineOptions, EngineRun, StackEngine } from "./engine.ts";
import { type EngineAnswer, type EngineGrown, type EngineRequest, writeRun } from "./engineMessages.ts";

/**
 * Opens a stack with its engine in a process of its own, so that this one stays
 * small, and free to answer while thousands of resources are declared. It is
 * no part of this process's group: Ctrl-C in a terminal does not reach the
 * engine past the daemon.
 * @throws UserError where the CLI or the backend refuses.
 */
export async function openStackProcess(options: EngineOptions): Promise<StackEngine> {
  return new EngineProcess(options, await EngineWorker.open(options));
}

class EngineProcess implements StackEngine {
  readonly #options: EngineOptions;
  #worker: EngineWorker;
  /** Its successor, on its way; never fails. */
  #next: Promise<void> = Promise.resolve();
  #running: EngineWorker | undefined;
  #cancels = 0;

  constructor(options: EngineOptions, worker: EngineWorker) {
    this.#options = options;
    this.#worker = this.#watched(worker);
  }

  async recorded() {
    const worker = await this.#alive();
    const answer = await worker.ask({ what: "recorded" });
    if (answer.what !== "recorded") return unexpected(answer);
    worker.recorded = answer.recorded ?? worker.recorded;
    return worker.recorded ?? unexpected(answer);
  }

  async configuredClusters() {
    const answer = await (await this.#alive()).ask({ what: "configuredClusters" });
    return answer.what === "configuredClusters" ? answer.clusters : unexpected(answer);
  }

  async run(run: EngineRun): Promise<EngineEnd> {
    const before = this.#cancels;
    const worker = await this.#alive();
    if (this.#cancels > before) return { result: "canceled", steps: [], error: "canceled before it began" };
    this.#running = worker;
    const end = await runOn(worker, run);
    this.#running = undefined;
    return end;
  }

  cancel(): void {
    this.#cancels += 1;
    this.#running?.send({ what: "cancel" });
  }

  async close(): Promise<void> {
    await this.#next;
    await this.#worker.end();
  }

  /** The process, or, where it has died, another one. */
  async #alive(): Promise<EngineWorker> {
    if (!this.#worker.isAlive) this.#worker = this.#watched(await EngineWorker.open(this.#options));
    return this.#worker;
  }

  #watched(worker: EngineWorker): EngineWorker {
    worker.onGrown = () => {
      this.#next = this.#succeed(worker);
    };
    return worker;
  }

  /** Another one takes its place as soon as it is ready; until then it goes on. Where none can be had, it stays. */
  async #succeed(worker: EngineWorker): Promise<void> {
    await this.#next;
    if (worker !== this.#worker) return;
    const made = await EngineWorker.open(this.#options).catch(() => undefined);
    if (made === undefined) return;
    this.#worker = this.#watched(made);
    worker.retire();
  }
}

async function runOn(worker: EngineWorker, run: EngineRun): Promise<EngineEnd> {
  try {
    const answer = await worker.ask({ what: "run", run: writeRun(run) }, run.onOutput);
    return answer.what === "ended" ? answer.end : unexpected(answer);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { result: "failed", steps: [], error: error.message };
  }
}

function unexpected({ what }: EngineAnswer): never {
  throw new Error(`the engine's process has answered ${what}`);
}

/** A request that waits for its answer. */
interface Waiting {
  readonly onOutput: (text: string) => void;
  resolve(answer: EngineAnswer): void;
  reject(error: Error): void;
}

/** A request before it has a number. */
type Asked =
  Exclude<EngineRequest, { what: "cancel" }> extends infer Request
    ? Request extends unknown
      ? Omit<Request, "id">
      : never
    : never;

/** One process, from its start to its end. */
class EngineWorker {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  /** Why it has ended. */
  #end: string | undefined;
  #retired = false;
  #lastId = 0;
  /** It holds more memory than it should. */
  onGrown: () => void = () => undefined;
  /** What it last said that the state holds. */
  recorded: ReadonlyMap<string, RecordedCluster> | undefined;

  static async open(options: EngineOptions): Promise<EngineWorker> {
    const worker = new EngineWorker(options.stack);
    try {
      await worker.ask({ what: "open", options });
      return worker;
    } catch (error) {
      await worker.end();
      throw error;
    }
  }

  private constructor(stack: string) {
    this.#process = fork(join(import.meta.dirname, "engineWorker.ts"), [], {
      detached: true,
      // The policy pack and the plugins, which start anew with each update, are compiled once.
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
      execArgv: ["--max-semi-space-size=4", "--expose-gc"],
      serialization: "advanced",
      // What the engine prints comes as messages; a crash's words go where this process's own go.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#process.on("message", (answer: EngineAnswer | EngineGrown) => {
      if (answer.what === "grown") this.onGrown();
      else this.#take(answer);
    });
    const what = `stack ${stack}: the engine's process`;
    this.#exited = new Promise((resolve) => {
      const ended = (message: string) => {
        this.#fail(message);
        resolve();
      };
      // It could not be started, or a message could not be sent.
      this.#process.on("error", (error) => ended(`${what}: ${error.message}`));
      this.#process.once("exit", (code, signal) =>
        ended(`${what} has ended by itself (${signal ?? `exit code ${code}`})`),
      );
    });
  }

  /** False once it has ended, or been told to. */
  get isAlive(): boolean {
    return this.#process.connected;
  }

  /** Settles with the answer. Throws UserError where people can mend what went wrong, or the process has ended. */
  ask(request: Asked, onOutput: (text: string) => void = () => undefined): Promise<EngineAnswer> {
    if (this.#end !== undefined) return Promise.reject(new UserError(this.#end));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { onOutput, resolve, reject });
      this.send({ ...request, id });
    });
  }

  send(request: EngineRequest): void {
    if (this.isAlive) this.#process.send(request);
  }

  /** It ends when it has answered everything. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting.size === 0) void this.end();
  }

  /** Ends it at once, an update that runs included; settles when it has ended. */
  async end(): Promise<void> {
    if (this.isAlive) this.#process.disconnect();
    await this.#exited;
  }

  #take(answer: EngineAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (answer.what === "printed") {
      waiting?.onOutput(answer.text);
      return;
    }
    this.#waiting.delete(answer.id);
    if (this.#retired && this.#waiting.size === 0) void this.end();
    if (answer.what !== "threw") waiting?.resolve(answer);
    else waiting?.reject(answer.expected ? new UserError(answer.message) : new Error(answer.message));
  }

  #fail(message: string): void {
    this.#end ??= message;
    for (const { reject } of this.#waiting.values()) reject(new UserError(message));
    this.#waiting.clear();
  }
}
