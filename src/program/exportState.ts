import { execa } from "execa";
import { UserError } from "../model/userError.ts";

// A checkpoint of thousands of resources is some tens of MB and takes the CLI a second or two.
const timeout = 60_000;

/**
 * The stack's state as its last checkpoint has it. `pulumi stack export` reads
 * it without the stack's lock, so it works inside a running update.
 * @param stack `organization/project/stack`
 * Throws UserError where the CLI can't be run or refuses.
 */
export async function exportState(stack: string): Promise<unknown> {
  const result = await execa("pulumi", ["stack", "export", "--stack", stack, "--non-interactive"], {
    reject: false,
    timeout,
    stdin: "ignore",
    // What the engine sets for the program must not reach a CLI of its own.
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  if (result.failed) {
    const said = (result.stderr || result.shortMessage || "").trim().split("\n")[0];
    throw new UserError(
      `the stack's state can't be read ("pulumi stack export --stack ${stack}"): ${said}; ` +
        "put the pulumi CLI on the PATH and log in to the stack's backend",
    );
  }
  try {
    return JSON.parse(result.stdout);
  } catch {
    throw new UserError(`"pulumi stack export --stack ${stack}" printed no JSON; try it by hand`);
  }
}
