import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "./userError.ts";

/** Ends a wait that should have ended by itself: no stage of a run may hang. */
export async function within<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = delay(milliseconds, undefined, { signal: ended.signal, ref: false }).then(() => {
    throw new UserError(
      `${what}: no answer within ${milliseconds / 1000} s; check the network and try again`,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
    late.catch(() => undefined);
  }
}
