import pc from "picocolors";
import { UserError } from "../src/model/userError.ts";

/** Runs a command line's main function; a UserError becomes one line on stderr and exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`${pc.red("error:")} ${error.message}`);
    process.exitCode = 1;
  }
}
