import pc from "picocolors";
import { UserError } from "../model/userError.ts";

/**
 * Runs a command line's main function. A UserError becomes a line on stderr
 * and exit code 1; with LOG_LEVEL=debug it is shown with its stack trace and
 * cause, as any other error is.
 */
export async function runMain(main: () => Promise<unknown>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UserError) || process.env.LOG_LEVEL === "debug") throw error;
    const { red } = pc.createColors(pc.isColorSupported && process.stderr.isTTY === true);
    console.error(`${red("error:")} ${error.message}`);
    process.exitCode = 1;
  }
}
