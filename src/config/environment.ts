import { z } from "zod";
import { UserError } from "../model/userError.ts";

const countSchema = z.string().regex(/^\d+$/).transform(Number);

/**
 * How many deletions a person allows for this one run, above the limit of the
 * configuration: POD_IDENTITY_ALLOW_DELETIONS, a whole number. Undefined: none.
 */
export function allowedDeletions(env: NodeJS.ProcessEnv): number | undefined {
  const text = env.POD_IDENTITY_ALLOW_DELETIONS;
  if (text === undefined || text === "") return undefined;
  const parsed = countSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UserError(`POD_IDENTITY_ALLOW_DELETIONS: expected a whole number, found ${JSON.stringify(text)}`);
}
