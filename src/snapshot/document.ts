import type { z } from "zod";
import { type Position, parseFile } from "../config/file.ts";
import { problemsOf, writtenPath } from "../config/problems.ts";
import { UserError } from "../model/userError.ts";

/** The text of a file, YAML or JSON, with the name that messages call it by. */
export interface InputFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Reads a file by its schema. As in the configuration every scalar arrives as
 * its text, so that an account number keeps its leading zero, quoted or not.
 *
 * @throws UserError that lists every problem, a line each, with its place in the file.
 */
export function parseDocument<T>(schema: z.ZodType<T>, { path, text }: InputFile): T {
  const parsed = parseFile(text);
  if ("problems" in parsed) throw refusal(path, parsed.problems);
  const value = parsed.value ?? {};
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = problemsOf(result.error, value).map((problem) => ({
    position: parsed.positionOf(problem.path),
    message: [writtenPath(problem.path), problem.message].filter((part) => part !== "").join(": "),
  }));
  throw refusal(path, problems);
}

function refusal(
  path: string,
  problems: readonly { readonly position: Position; readonly message: string }[],
): UserError {
  const lines = problems
    .toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
    .map(({ position, message }) => `${path}:${position.line}:${position.column}: ${message}`);
  return new UserError(lines.join("\n"));
}
