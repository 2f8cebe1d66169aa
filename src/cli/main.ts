// The command line: bin/pod-identity
import { Command } from "commander";
import { planCommand } from "./planCommand.ts";
import { runCommand } from "./runCommand.ts";
import { runMain } from "./runMain.ts";
import { snapshotCommand } from "./snapshotCommand.ts";

const podIdentity = new Command("pod-identity")
  .description("Tests the configuration of eks-pod-identity-sync without changing anything.")
  .addCommand(runCommand())
  .addCommand(planCommand())
  .addCommand(snapshotCommand())
  .addHelpText("after", '\n"pod-identity COMMAND --help" has the options, exit codes and examples.');

await runMain(() => podIdentity.parseAsync());
