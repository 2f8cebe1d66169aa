import { Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { z } from "zod";
import { allowedDeletions } from "../config/environment.ts";
import { UserError } from "../model/userError.ts";
import { hasChanges, planJson } from "../plan/summary.ts";
import { planSnapshot, type SnapshotPlan } from "../snapshot/plan.ts";
import { readRecorded } from "../snapshot/recorded.ts";
import { readSnapshot } from "../snapshot/snapshot.ts";
import { configHelp, configurationOf } from "./configuration.ts";
import { readInputFile, STDIN } from "./inputFile.ts";
import { planTable } from "./planTable.ts";

const optionsSchema = z.object({
  snapshot: z.string(),
  config: z.string().optional(),
  recorded: z.string().optional(),
  output: z.enum(["table", "json"]),
  all: z.boolean().optional(),
  allowDeletions: z.number().optional(),
  detailedExitcode: z.boolean().optional(),
});

const more = `
Exit codes:
  0  the plan is printed, whatever it says
  1  it could not be made: bad options, files or configuration
With --detailed-exitcode:
  0  nothing to change
  2  there are changes
  3  a cluster is blocked: an update would leave all of it as it is

Without --recorded no association counts as known to the state, so that live ones
with our tags show as "adopt". Trust policies of roles are not in a snapshot and
are not checked.

Examples:
  pod-identity snapshot --output-file snapshot.yaml
  pod-identity plan --snapshot snapshot.yaml --config config.yaml
  pulumi stack export | pod-identity plan --snapshot snapshot.yaml --recorded -
  pod-identity plan --snapshot snapshot.yaml -o json | jq '.clusters[].delete'

Format of a snapshot, YAML or JSON:
  clusters:
    - name: blue
      region: us-east-1
      account: "111111111111"
      serviceAccounts:        # every one, annotated or not; or {failed: REASON}
        - namespace: shop
          name: api
          annotations: {eks.amazonaws.com/role-arn: arn:aws:iam::111111111111:role/api}
      associations:           # or {failed: REASON}
        - id: a-1
          namespace: shop
          serviceAccount: api
          roleArn: arn:aws:iam::111111111111:role/api
          tags: {managed-by: eks-auto-pod-id-assoc}
          # also: ownerArn, targetRoleArn, disableSessionTags, policy`;

/** `pod-identity plan`: plans offline, from files alone. */
export function planCommand(): Command {
  return new Command("plan")
    .description("Shows, from a snapshot and without any call, what an update would do, and why.")
    .requiredOption("--snapshot <file>", "the snapshot, YAML or JSON; - is stdin")
    .option("--config <file>", configHelp)
    .option(
      "--recorded <file>",
      "what the state knows: the output of `pulumi stack export`, or clusters with associations as in a snapshot; - is stdin",
    )
    .addOption(
      new Option("-o, --output <format>", "how to print").choices(["table", "json"]).default("table"),
    )
    .option("--all", "in the table, also list what is unchanged")
    .option(
      "--allow-deletions <count>",
      "allow so many deletions above the limit (default: POD_IDENTITY_ALLOW_DELETIONS)",
      wholeNumber,
    )
    .option("--detailed-exitcode", "let the exit code say what the plan holds, see below")
    .addHelpText("after", more)
    .action(runPlan);
}

async function runPlan(given: unknown): Promise<void> {
  const options = optionsSchema.parse(given);
  if (options.snapshot === STDIN && options.recorded === STDIN) {
    throw new UserError("--snapshot and --recorded can't both be stdin; write one of them to a file");
  }
  const config = configurationOf(options.config);
  const clusters = readSnapshot(await readInputFile(options.snapshot));
  const recorded =
    options.recorded === undefined ? new Map() : readRecorded(await readInputFile(options.recorded));
  const allowed = options.allowDeletions ?? allowedDeletions(process.env);
  const plan = planSnapshot(clusters, config, recorded, allowed);
  console.log(options.output === "json" ? json(plan) : table(plan, options.all ?? false));
  if (options.detailedExitcode) process.exitCode = detailedExitCode(plan);
}

function json({ plans, notSelected }: SnapshotPlan): string {
  const names = notSelected.map(({ name }) => name);
  const document = { ...planJson(plans), ...(names.length === 0 ? {} : { notSelected: names }) };
  return JSON.stringify(document, undefined, 2);
}

function table(plan: SnapshotPlan, all: boolean): string {
  const { isTTY, columns } = process.stdout;
  const colors = pc.createColors(pc.isColorSupported && isTTY === true);
  return planTable(plan, { all, colors, ...(isTTY ? { width: columns } : {}) });
}

/** What the exit code is with --detailed-exitcode; the help text has the table. */
export function detailedExitCode({ plans }: SnapshotPlan): 0 | 2 | 3 {
  if (plans.some(({ blocked }) => blocked !== undefined)) return 3;
  return plans.some(hasChanges) ? 2 : 0;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Write a whole number.");
  return Number(text);
}
