import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { z } from "zod";
import { UserError } from "../model/userError.ts";
import type { Capture } from "../snapshot/capture.ts";
import { snapshotText } from "../snapshot/write.ts";
import { configHelp, configurationOf } from "./configuration.ts";
import { withProgress } from "./progress.ts";

const optionsSchema = z.object({
  config: z.string().optional(),
  output: z.enum(["yaml", "json"]),
  outputFile: z.string().optional(),
  partial: z.boolean().optional(),
  allAnnotations: z.boolean().optional(),
});

const more = `
Reads ServiceAccounts (list) and associations (ListPodIdentityAssociations, and a
DescribePodIdentityAssociation each, at most max_concurrency at a time in a cluster).
Changes nothing. Secrets are not read.

Exit codes:
  0  the snapshot is written
  1  it is not: bad options or configuration, or something could not be read

Examples:
  pod-identity snapshot --output-file snapshot.yaml
  pod-identity snapshot --config config.yaml | pod-identity plan --snapshot - --config new.yaml`;

/** `pod-identity snapshot`: writes what is in live clusters. */
export function snapshotCommand(): Command {
  return new Command("snapshot")
    .description("Writes a snapshot of the clusters that the configuration selects, for `pod-identity plan`.")
    .option("--config <file>", configHelp)
    .addOption(new Option("-o, --output <format>", "how to write").choices(["yaml", "json"]).default("yaml"))
    .option("--output-file <file>", "where to write (default: stdout)")
    .option("--partial", "write it also where something could not be read; what that was goes to stderr")
    .option("--all-annotations", "with every annotation, not only those that the configuration reads")
    .addHelpText("after", more)
    .action(runSnapshot);
}

async function runSnapshot(given: unknown): Promise<void> {
  const { config: file, output, outputFile, partial, allAnnotations } = optionsSchema.parse(given);
  const config = configurationOf(file);
  // The clients of AWS and Kubernetes take half a second to load; `plan` does without them.
  const { captureClusters } = await import("../snapshot/capture.ts");
  const capture = await withProgress("Reading clusters", () =>
    captureClusters(config, allAnnotations ? "all" : "configured"),
  );
  reportFailures(capture, partial ?? false);
  await write(snapshotText(capture.clusters, output), outputFile);
}

function reportFailures({ failures }: Capture, partial: boolean): void {
  if (failures.length === 0) return;
  if (!partial) {
    throw new UserError(`${failures.join("\n")}\nnothing is written; --partial writes what could be read`);
  }
  for (const failure of failures) console.error(`warning: ${failure}`);
}

async function write(text: string, file: string | undefined): Promise<void> {
  if (file === undefined) {
    // Unlike process.stdout.write, console.log takes a pipe that is closed early (`| head`) for no error.
    console.log(text.trimEnd());
    return;
  }
  try {
    await writeFile(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the snapshot can't be written: ${reason}; choose another --output-file`);
  }
}
