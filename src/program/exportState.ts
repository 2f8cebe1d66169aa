import { execa } from "execa";
import { UserError } from "../model/userError.ts";

// A checkpoint of thousands of resources is some tens of MB and takes the CLI a second or two.
const timeout = 60_000;
const maxBuffer = 500_000_000;

/** How the CLI is run; what is absent is as in this process. */
export interface CliSurroundings {
  /** The folder of Pulumi.yaml. */
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The stack's state as its last checkpoint has it, for {@link parseExport}.
 * `pulumi stack export` reads it without the stack's lock, so it works inside a
 * running update.
 * @param stack the stack's name, or `organization/project/stack`
 * @throws UserError where the CLI can't be run or refuses.
 */
export async function exportState(stack: string, { cwd, env }: CliSurroundings = {}): Promise<Uint8Array> {
  const result = await execa("pulumi", ["stack", "export", "--stack", stack, "--non-interactive"], {
    reject: false,
    timeout,
    stdin: "ignore",
    encoding: "buffer",
    maxBuffer,
    ...(cwd === undefined ? {} : { cwd }),
    // What the engine sets for the program must not reach a CLI of its own.
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  if (!result.failed) return result.stdout;
  const printed = Buffer.from(result.stderr).toString();
  const said = /^error:\s*(.+)$/m.exec(printed)?.[1] ?? (printed.trim() || result.shortMessage || "");
  throw new UserError(
    `the stack's state can't be read ("pulumi stack export --stack ${stack}"): ${said.split("\n")[0]}; ` +
      "put the pulumi CLI on the PATH and log in to the stack's backend",
  );
}

/**
 * What an export says, for `readState`.
 * @throws UserError where it is no JSON.
 */
export function parseExport(exported: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(exported));
  } catch {
    throw new UserError('"pulumi stack export" printed no JSON; try it by hand');
  }
}
