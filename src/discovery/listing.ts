import type { Listing } from "../model/listing.ts";
import { UserError } from "../model/userError.ts";
import { within } from "../model/within.ts";

/** Longer than the SDK's own retries of one call need; a listing of 5,000 is 50 calls. */
export const STAGE_TIMEOUT_MS = 120_000;

/** Reads a list, or says why it could not be read whole and in time. */
export async function listing<T>(what: string, read: () => Promise<readonly T[]>): Promise<Listing<T>> {
  try {
    const items = await within(STAGE_TIMEOUT_MS, `listing ${what}`, read());
    return { state: "complete", items };
  } catch (error) {
    if (error instanceof UserError) return { state: "failed", reason: error.message };
    throw error;
  }
}
