import { setTimeout as delay } from "node:timers/promises";
import getPort from "get-port";
import { UserError } from "../../src/model/userError.ts";
import { logEnd, type OwnedProcess, type ProcessSpec, startProcess } from "./ownedProcess.ts";

const PROBE_EVERY_MS = 50;
/** Long for a start that takes two seconds alone: many may start at once, on a busy machine. */
const READY_WAIT_MS = 90_000;
const PORT_TRIES = 4;

/** A program of the sandbox that did not start. The message ends with the last lines of its log. */
export class StartError extends UserError {
  override name = "StartError";
}

/** A process that is ready to serve, on these ports of 127.0.0.1. */
export interface Listening {
  readonly process: OwnedProcess;
  readonly ports: readonly number[];
}

/**
 * Starts a server on free ports and waits until `ready` says so. A port that
 * another process took in between costs a new try with others.
 * `ready` must tell this server from another one that has its port, and take bounded time.
 * Throws StartError.
 */
export async function startListening(
  portCount: number,
  specOf: (ports: readonly number[]) => ProcessSpec,
  ready: (ports: readonly number[]) => Promise<boolean>,
): Promise<Listening> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await Promise.all(Array.from({ length: portCount }, () => getPort({ host: "127.0.0.1" })));
    const spec = specOf(ports);
    const process = await startProcess(spec);
    const failure = await untilReady(process, () => ready(ports));
    if (failure === undefined) return { process, ports };
    await process.stop();
    const log = await logEnd(spec.logFile);
    const portTaken = log.includes("address already in use");
    if (!portTaken || attempt === PORT_TRIES) {
      throw new StartError(`${spec.title} (${spec.file}) did not start: ${failure}; its log ends:\n${log}`);
    }
  }
}

/** Undefined when the server is ready, else why it never will be. */
async function untilReady(process: OwnedProcess, ready: () => Promise<boolean>): Promise<string | undefined> {
  let end: string | undefined;
  process.ended.then((how) => {
    end = how;
  });
  const deadline = Date.now() + READY_WAIT_MS;
  while (end === undefined) {
    if (await ready()) return undefined;
    if (Date.now() > deadline) return `not ready after ${READY_WAIT_MS / 1000} s`;
    await delay(PROBE_EVERY_MS);
  }
  return `ended with ${end}`;
}
