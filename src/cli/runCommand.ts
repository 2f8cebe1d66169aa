import { Command } from "commander";
import { allowedDeletions } from "../config/environment.ts";
import { UserError } from "../model/userError.ts";
import { type DaemonOptions, startDaemon } from "../runner/daemon.ts";
import { readSettings, settings } from "../runner/settings.ts";

/** `pod-identity run`: the daemon. */
export function runCommand(options: Pick<DaemonOptions, "projectDirectory"> = {}): Command {
  const command = new Command("run")
    .description("Keeps the clusters of one or several stacks in step until it is told to stop.")
    .option("-s, --stack <name>", "a stack to drive; repeat it for several", collect, []);
  for (const { flag, env, help, ...rest } of Object.values(settings)) {
    const standard = "default" in rest && rest.default !== "" ? `, default ${rest.default}` : "";
    command.option(`--${flag} <value>`, `${help} (${env}${standard})`);
  }
  return command
    .addHelpText("after", exitCodes)
    .action(async (flags: Record<string, unknown>) => run(flags.stack as string[], textsOf(flags), options));
}

/** Runs the daemon with the arguments of `pod-identity run`, to its end. See `DaemonOptions` for the directory. */
export async function runDaemon(args: readonly string[], projectDirectory?: string): Promise<void> {
  const command = runCommand(projectDirectory === undefined ? {} : { projectDirectory });
  await command.parseAsync([...args], { from: "user" });
}

const exitCodes = `
Exit codes: 0 told to stop, or with --once everything is in step; 1 anything failed.
SIGTERM and SIGINT let a running update end; a second one cancels it.`;

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Flags by their names on the command line; commander hands them over in camel case. */
function textsOf(options: Record<string, unknown>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.values(settings).map(({ flag }) => {
      const key = flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      const value = options[key];
      return [flag, typeof value === "string" ? value : undefined];
    }),
  );
}

async function run(
  stacks: readonly string[],
  flags: Record<string, string | undefined>,
  options: Pick<DaemonOptions, "projectDirectory">,
): Promise<void> {
  if (stacks.length === 0) throw new UserError("name a stack to drive: pod-identity run --stack NAME");
  const allowed = allowedDeletions(process.env);
  const daemon = await startDaemon({
    settings: readSettings(process.env, flags),
    stacks,
    ...options,
    ...(allowed === undefined ? {} : { allowedDeletions: allowed }),
  });
  let told = false;
  const onSignal = () => {
    if (told) daemon.cancel();
    told = true;
    daemon.stop();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  const inStep = await daemon.done;
  process.off("SIGTERM", onSignal);
  process.off("SIGINT", onSignal);
  if (!inStep) process.exitCode = 1;
}
