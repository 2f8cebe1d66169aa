import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import lockfile from "proper-lockfile";
import { z } from "zod";
import { UserError } from "../src/model/userError.ts";
import type { Report } from "./progress.ts";

/** A lock whose owner has not renewed it for this long (ms) is that of a dead process. */
const staleAfter = 20_000;

/** Whether a file or folder is there. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes a folder of the cache complete: it is either absent or all there, whatever happens in between, and when two
 * runs want it at once, one fills it and the other waits and finds it.
 *
 * @param complete whether the folder holds what is needed; asked again once the lock is held.
 * @param fill puts everything into the empty folder that it is given; false where it could not, and nothing is kept.
 * @returns whether the folder is complete now.
 * @throws UserError where the disk is full or the cache can't be written.
 */
export async function fillFolder(
  folder: string,
  complete: () => Promise<boolean>,
  fill: (emptyFolder: string) => Promise<boolean>,
  report: Report,
): Promise<boolean> {
  const parent = dirname(folder);
  return withUserErrors(parent, async () => {
    await mkdir(parent, { recursive: true });
    const release = await lock(folder, report);
    try {
      if (await complete()) return true;
      await removeLeftovers(folder);
      const temporary = await mkdtemp(`${folder}.partial-`);
      try {
        if (!(await fill(temporary))) return false;
        await rm(folder, { recursive: true, force: true });
        await rename(temporary, folder);
        return true;
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    } finally {
      await release();
    }
  });
}

/** Holds the lock of a file or folder, which need not exist, while `action` runs. */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  return withUserErrors(dirname(path), async () => {
    await mkdir(dirname(path), { recursive: true });
    const release = await lock(path, noReport);
    try {
      return await action();
    } finally {
      await release();
    }
  });
}

const noReport: Report = { status: () => {}, notice: () => {} };

async function lock(path: string, report: Report): Promise<() => Promise<void>> {
  const options = {
    realpath: false,
    stale: staleAfter,
    // Losing the lock (the machine slept) does no harm: the last step is a rename.
    onCompromised: () => {},
  };
  const release = await lockfile.lock(path, options).catch((error: unknown) => {
    if (errorCode(error) !== "ELOCKED") throw error;
    report.notice("another run is making it, waiting for that");
    return lockfile.lock(path, {
      ...options,
      retries: { forever: true, factor: 1, minTimeout: 250, maxTimeout: 250 },
    });
  });
  return () => release().catch(() => {});
}

/** Removes what a killed run has left of the folder; only the holder of the lock may. */
async function removeLeftovers(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.partial-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

async function withUserErrors<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOSPC" || code === "EDQUOT") throw diskFull(folder);
    if (code === "EACCES" || code === "EROFS" || code === "EPERM" || code === "ENOTDIR") {
      throw new UserError(
        `The toolchain's folder ${folder} can't be written (${code}): make it writable, or name another cache folder in EKS_POD_IDENTITY_SYNC_CACHE.`,
      );
    }
    throw error;
  }
}

/** The disk that holds `folder` is full. */
export function diskFull(folder: string): UserError {
  return new UserError(
    `No space is left on the disk of ${folder}: free some (a first build of all tools takes about 10 GB, Go's caches included), or name another cache folder in EKS_POD_IDENTITY_SYNC_CACHE.`,
  );
}

const errorWithCode = z.object({ code: z.string() });

/** The code of a Node.js error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  const parsed = errorWithCode.safeParse(error);
  return parsed.success ? parsed.data.code : undefined;
}
