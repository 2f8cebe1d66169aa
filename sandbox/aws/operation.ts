import { z } from "zod";
import type { Caller } from "./authenticate.ts";
import { AwsError } from "./awsError.ts";
import type { Behaviour } from "./behaviour.ts";
import type { World } from "./world.ts";

/** What an operation works on, and for whom. */
export interface CallContext extends Caller {
  readonly world: World;
  readonly behaviour: Behaviour;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One operation of a service's API. Throws {@link AwsError}. */
export interface Operation {
  /** True where it changes associations or their tags. */
  readonly mutating: boolean;
  readonly run: (input: Readonly<Record<string, unknown>>, context: CallContext) => object;
}

/** An operation whose input has the given shape; other input is answered with the error `code`. */
export function operation<T>(
  mutating: boolean,
  schema: z.ZodType<T>,
  code: string,
  run: (input: T, context: CallContext) => object,
): Operation {
  return { mutating, run: (input, context) => run(parseInput(schema, input, code), context) };
}

function parseInput<T>(schema: z.ZodType<T>, input: unknown, code: string): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new AwsError(
    code,
    field === "" ? (issue?.message ?? "invalid input") : `${field}: ${issue?.message}`,
  );
}

/** A text that is not empty. */
export const text = z.string().min(1, "must not be empty");
