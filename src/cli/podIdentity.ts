import { Command } from "commander";
import { planCommand } from "./planCommand.ts";
import { runCommand } from "./runCommand.ts";
import { snapshotCommand } from "./snapshotCommand.ts";

/** The command line's root, with all its commands. */
export function podIdentity(): Command {
  return new Command("pod-identity")
    .description(
      "Gives annotated ServiceAccounts their EKS Pod Identity associations: the daemon, and tests of its configuration.",
    )
    .addCommand(runCommand())
    .addCommand(planCommand())
    .addCommand(snapshotCommand())
    .addHelpText("after", '\n"pod-identity COMMAND --help" has the options, exit codes and examples.');
}
