import { setTimeout as delay } from "node:timers/promises";
import type { RoleRetry } from "./associationApi.ts";

// IAM is eventually consistent: a role made a moment ago may be unknown to EKS for some seconds. Terraform's
// provider waits two minutes for it (`propagationTimeout`) on just this message.
const waitMs = 120_000;
const unseenRole = "Role provided in the request does not exist";

/**
 * Retries while EKS does not see the role, at most two minutes; `stop` ends
 * the waiting with the last error. `now` (milliseconds) and `sleep` are
 * arguments for tests.
 */
export function roleRetry(
  stop: AbortSignal,
  now: () => number = () => performance.now(),
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void> = (milliseconds, signal) =>
    delay(milliseconds, undefined, { signal }),
): RoleRetry {
  return async (call) => {
    const end = now() + waitMs;
    for (let pause = 500; ; pause = Math.min(pause * 2, 10_000)) {
      try {
        return await call();
      } catch (error) {
        if (!isUnseenRole(error) || stop.aborted || now() + pause > end) throw error;
        await sleep(pause, stop).catch(() => undefined);
      }
    }
  };
}

function isUnseenRole(error: unknown): boolean {
  return (
    error instanceof Error && error.name === "InvalidParameterException" && error.message.includes(unseenRole)
  );
}
