import { hostname } from "node:os";

/** The DIY backends name the lock's holder: `created by USER@HOST (pid PID) at TIME`. */
const HOLDER = /created by (\S+)@(\S+) \(pid (\d+)\)(?: at (\S+))?/;

/** Who holds the stack's lock, as far as the message says. */
export function lockHolder(message: string): string {
  const [held] = HOLDER.exec(message) ?? [];
  return held ?? "another update is running";
}

/** True where every lock that the message names was made on this host by a process that is no more. */
export function isOwnStaleLock(message: string): boolean {
  const holders = [...message.matchAll(new RegExp(HOLDER, "g"))];
  return holders.length > 0 && holders.every(([, , host, pid]) => host === hostname() && isGone(Number(pid)));
}

function isGone(pid: number): boolean {
  // The CLI holds locks, this process never does: it has the number of one that died with the container before.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
