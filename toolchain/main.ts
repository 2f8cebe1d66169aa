// Makes sure that all tools are there and lists them: npm run toolchain [-- -o json]
import Table from "cli-table3";
import { Command, Option } from "commander";
import { z } from "zod";
import { runMain } from "../src/cli/runMain.ts";
import { engineTools, ensureToolchain, type Origin, sandboxTools } from "./index.ts";

const optionsSchema = z.object({ output: z.enum(["table", "json"]) });

const whereFrom: Readonly<Record<Origin, string>> = {
  installed: "installed by you",
  downloaded: "official release",
  built: "built from Go modules",
  "stand-in": "this project's stand-in",
};

const command = new Command("npm run toolchain --")
  .description("Finds, downloads or builds the tools that the project runs, and lists them.")
  .addOption(
    new Option("-o, --output <format>", "how to list them").choices(["table", "json"]).default("table"),
  )
  .addHelpText(
    "after",
    `
Environment:
  EKS_POD_IDENTITY_SYNC_CACHE      folder that keeps the tools (default: the user's cache folder)
  EKS_POD_IDENTITY_SYNC_DOWNLOADS  mirror of https://github.com for the official releases, or "off"
  NODE_USE_ENV_PROXY=1             download through the proxy in HTTPS_PROXY`,
  );

await runMain(async () => {
  const { output } = optionsSchema.parse(command.parse().opts());
  const { tools } = await ensureToolchain([...engineTools, ...sandboxTools], { retryDownloads: true });
  if (output === "json") {
    console.log(JSON.stringify(tools, undefined, 2));
    return;
  }
  const table = new Table({
    head: ["tool", "version", "where from", "path"],
    style: { head: [], border: [] },
  });
  table.push(...tools.map(({ tool, version, origin, path }) => [tool, version, whereFrom[origin], path]));
  console.log(table.toString());
});
