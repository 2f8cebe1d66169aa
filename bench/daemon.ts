import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Mark, mark, type Request } from "./marks.ts";

const STOP_MS = 20_000;

/** A daemon under measurement, in a process of its own. */
export class MeasuredDaemon {
  /** All it told, in order. */
  readonly marks: Mark[] = [];
  readonly #process: ChildProcess;
  readonly #waiting = new Set<() => void>();

  /** @param environment settings of the daemon and its surroundings, over this process's own */
  constructor(stack: string, projectDirectory: string, environment: Readonly<Record<string, string>>) {
    this.#process = fork(join(import.meta.dirname, "daemonProcess.ts"), [stack, projectDirectory], {
      // As bin/pod-identity starts it.
      env: { MALLOC_ARENA_MAX: "2", ...process.env, ...environment },
      execArgv: ["--optimize-for-size", "--expose-gc", "--disable-warning=ExperimentalWarning"],
      // The log is not what is measured; a crash's words go to the terminal.
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#process.on("message", (message) => this.#take(mark.parse(message)));
    this.#process.once("exit", (code) => {
      if (code !== 0) this.#take({ what: "failed", message: `the daemon has ended with code ${code}` });
    });
  }

  /** All marks of one kind. */
  all<What extends Mark["what"]>(what: What): readonly Extract<Mark, { what: What }>[] {
    return this.marks.filter((one): one is Extract<Mark, { what: What }> => one.what === what);
  }

  /** Settles when `holds` does, asked after each mark and now. Throws where the daemon has failed. */
  async until(holds: () => boolean): Promise<void> {
    for (;;) {
      const failure = this.all("failed")[0];
      if (failure !== undefined) throw new Error(failure.message);
      if (holds()) return;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Ends every wait with an error. */
  fail(message: string): void {
    this.#take({ what: "failed", message });
  }

  /** Settles when an update has ended that began after so many marks, and none runs. */
  quiet(from = 0): Promise<void> {
    return this.until(() => {
      const last = this.marks.slice(from).findLast(({ what }) => what === "update" || what === "updated");
      return last?.what === "updated";
    });
  }

  /** Bytes, after the garbage was collected; `engine`: of the engine's process. */
  async memory(): Promise<{ readonly rss: number; readonly heap: number; readonly engine: number }> {
    const before = this.all("memory").length;
    this.#ask("memory");
    await this.until(() => this.all("memory").length > before);
    return this.all("memory").at(-1) ?? { rss: Number.NaN, heap: Number.NaN, engine: Number.NaN };
  }

  /** Lets it end what it does; one that does not is killed. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    if (this.#process.connected) this.#ask("stop");
    const kill = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(kill);
  }

  #ask(what: Request): void {
    this.#process.send(what);
  }

  #take(one: Mark): void {
    this.marks.push(one);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
