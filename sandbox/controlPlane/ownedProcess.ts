import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { within } from "./within.ts";

/**
 * Runs a program that can't outlive this process. The shell becomes the program (`exec`), so that the pid is the
 * program's; the reader in the background waits for the end of the pipe on descriptor 3, which the kernel closes
 * however this process ends, SIGKILL included. The pid can't be another's by then: the reader is still a member of
 * the process group of that number.
 */
const DIE_WITH_THE_PIPE = '{ read -r _ <&3; kill -KILL "$$" 2>/dev/null; } & exec "$@" 3<&-';

/** How long a program may take to end after SIGTERM. kube-apiserver takes a second, but much longer with open watches. */
const STOP_GRACE_MS = 2_000;
const KILL_WAIT_MS = 5_000;
const LOG_LINES_SHOWN = 6;

/** What to run. */
export interface ProcessSpec {
  /** For messages: `etcd`, `kube-apiserver of blue`. */
  readonly title: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Gets all output, at its end where it exists. */
  readonly logFile: string;
}

/** A child process, which ends with this process at the latest. */
export interface OwnedProcess {
  readonly title: string;
  /** Settles when the program has ended and nothing of it is left, with how: `code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** SIGTERM, then SIGKILL, then waits for the end. May be called again. Throws where the process can't be killed. */
  stop(): Promise<void>;
}

/** Starts a program as the leader of its own process group: a terminal's Ctrl-C reaches it only through us. */
export async function startProcess(spec: ProcessSpec): Promise<OwnedProcess> {
  const log = await open(spec.logFile, "a");
  const child = spawn("/bin/sh", ["-c", DIE_WITH_THE_PIPE, "sh", spec.file, ...spec.args], {
    // The caller's variables would configure the program: etcd reads ETCD_*, every Go program GODEBUG.
    env: { PATH: process.env.PATH },
    stdio: ["ignore", log.fd, log.fd, "pipe"],
    detached: true,
  });
  const exited = Promise.withResolvers<string>();
  child.once("exit", (code, signal) => exited.resolve(signal ?? `code ${code}`));
  const pipe = child.stdio[3];
  if (!(pipe instanceof Socket)) throw new Error(`${spec.title}: descriptor 3 is no pipe`);
  const readerGone = once(pipe.resume(), "close");
  // Lets the reader go when the program has ended, whatever ended it.
  const ended = exited.promise.finally(() => pipe.end()).finally(() => readerGone);
  await once(child, "spawn").finally(() => log.close());
  return {
    title: spec.title,
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      await within(STOP_GRACE_MS, "SIGTERM", ended).catch(() => child.kill("SIGKILL"));
      await within(KILL_WAIT_MS, `${spec.title} (pid ${child.pid}) to end after SIGKILL`, ended);
    },
  };
}

/** The end of a log, for an error message. */
export async function logEnd(logFile: string): Promise<string> {
  const text = await readFile(logFile, "utf8");
  return text.trimEnd().split("\n").slice(-LOG_LINES_SHOWN).join("\n");
}
