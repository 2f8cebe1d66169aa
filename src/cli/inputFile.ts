import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UserError } from "../model/userError.ts";
import type { InputFile } from "../snapshot/document.ts";

/** What stands on the command line for stdin. */
export const STDIN = "-";

/**
 * Reads a file that the command line names, or stdin.
 *
 * @throws UserError where it can't be read.
 */
export async function readInputFile(path: string): Promise<InputFile> {
  if (path === STDIN) return { path: "stdin", text: await text(process.stdin) };
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `${path} can't be read: ${reason}; check the path, which is taken from ${process.cwd()}`,
    );
  }
}
