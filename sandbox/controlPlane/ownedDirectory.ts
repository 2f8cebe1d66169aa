import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "./within.ts";

/** Waits for the end of the pipe. Programs that are being killed at that moment may still write: hence the second try. */
const REMOVE_WITH_THE_PIPE = 'read -r _; rm -rf "$1" || { sleep 1; rm -rf "$1"; }';
const REMOVE_WAIT_MS = 20_000;

/** A temporary directory that goes with this process, however it ends. */
export interface OwnedDirectory {
  readonly path: string;
  /** May be called again. */
  remove(): Promise<void>;
}

/** Makes a directory that only this user can read. */
export async function createOwnedDirectory(prefix: string): Promise<OwnedDirectory> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const remover = spawn("/bin/sh", ["-c", REMOVE_WITH_THE_PIPE, "sh", path], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const removed = once(remover, "exit");
  await once(remover, "spawn");
  return {
    path,
    remove: async () => {
      remover.stdin.end();
      await within(REMOVE_WAIT_MS, `${path} to be removed`, removed);
      // For a remover that somebody killed.
      await rm(path, { recursive: true, force: true });
    },
  };
}
