import { dirname } from "node:path";
import { Downloads } from "./download.ts";
import { type FoundTool, lookUp } from "./lookup.ts";
import { obtain } from "./obtain.ts";
import { type ProgressDisplay, type Report, runSteps } from "./progress.ts";
import { pulumiEnvironment, pulumiPathFolders } from "./pulumiEnvironment.ts";
import { placePlugins } from "./pulumiHome.ts";
import { readSettings, type ToolchainSettings } from "./settings.ts";
import { type ToolGroup, type ToolName, toolGroups } from "./tools.ts";
import { isRememberedUnavailable, rememberUnavailable } from "./unavailable.ts";

export type { FoundTool, Origin } from "./lookup.ts";
export type { ToolchainSettings } from "./settings.ts";
export { engineTools, sandboxTools, type ToolName } from "./tools.ts";

/** Tools that are ready to run. */
export interface Toolchain<Tool extends ToolName = ToolName> {
  /** Absolute path of each tool asked for. */
  readonly paths: Readonly<Record<Tool, string>>;
  /** What `pulumi` runs with, to be added to the process' own environment: PATH, PULUMI_HOME and the like. */
  readonly environment: Readonly<Record<string, string>>;
  /** The folders that PATH begins with: the project's Node.js, then the CLI. */
  readonly pathFolders: readonly string[];
  /** Whether the aws plugin is the real one or the project's stand-in; undefined where it was not asked for. */
  readonly awsPlugin: "real" | "stand-in" | undefined;
  /** The tools asked for, each with its version and where it comes from. */
  readonly tools: readonly FoundTool[];
}

/** How the tools are looked for. */
export interface ToolchainOptions {
  /** Where progress is shown: the terminal (stderr) unless told otherwise. Where all is there, nothing is shown. */
  readonly progress?: ProgressDisplay;
  /** Tries downloads again that could not be had within the last day. */
  readonly retryDownloads?: boolean;
  /** Other settings than those of this process. */
  readonly settings?: ToolchainSettings;
}

/**
 * Makes sure that tools are there: each is taken from the PATH (or the user's Pulumi plugins) where its version fits,
 * else from the cache, else downloaded, else built from Go modules.
 *
 * @throws UserError where a tool can't be had: Go is missing, a build failed, a checksum is wrong, the disk is full.
 */
export async function ensureToolchain<Tool extends ToolName>(
  tools: readonly Tool[],
  options: ToolchainOptions = {},
): Promise<Toolchain<Tool>> {
  const settings = options.settings ?? settingsOfProcess();
  const wanted: ReadonlySet<ToolName> = new Set(tools);
  const groups = toolGroups.filter((group) => group.tools.some((tool) => wanted.has(tool.name)));
  const found = await findGroups(groups, settings, options);
  const { placed, pulumiHome } = await placePlugins(groups, found, settings);
  const present = [...groups.flatMap((group) => found.get(group) ?? []), ...placed];
  const byName = new Map(present.map((tool) => [tool.tool, tool]));
  const aws = byName.get("aws-plugin");
  const pathFolders = await pulumiPathFolders(settings, byName.get("pulumi")?.path);
  return {
    paths: pathsOf(tools, byName),
    pathFolders,
    environment: await pulumiEnvironment(settings, pulumiHome, pathFolders),
    awsPlugin: aws && (aws.origin === "stand-in" ? "stand-in" : "real"),
    tools: present.filter((tool) => wanted.has(tool.tool)),
  };
}

/** The settings of this process: its environment, its machine, and the checkout that this file lies in. */
export function settingsOfProcess(): ToolchainSettings {
  return readSettings(process.env, {
    os: process.platform,
    cpu: process.arch,
    checkout: dirname(import.meta.dirname),
  });
}

/** Looks the groups up and obtains those that are not on this machine, with progress. */
async function findGroups(
  groups: readonly ToolGroup[],
  settings: ToolchainSettings,
  options: ToolchainOptions,
): Promise<ReadonlyMap<ToolGroup, readonly FoundTool[]>> {
  const found = new Map<ToolGroup, readonly FoundTool[]>();
  const missing: ToolGroup[] = [];
  for (const group of groups) {
    const tools = await lookUp(group, settings);
    if (tools !== undefined) found.set(group, tools);
    else if (group.build !== undefined || options.retryDownloads) missing.push(group);
    else if (!(await isRememberedUnavailable(group, settings, Date.now()))) missing.push(group);
  }
  const display = options.progress ?? "terminal";
  const downloads = missing.length === 0 ? undefined : await reachDownloads(settings, display);
  const steps = missing.map((group) => ({
    title: group.title,
    run: async (report: Report) => {
      const tools = await obtain(group, settings, downloads, report);
      if (tools !== undefined) found.set(group, tools);
      else if (downloads === undefined || downloads.unreachable !== undefined) {
        await rememberUnavailable(group, settings, Date.now());
      }
      return `${group.title}: ${tools?.[0]?.origin ?? "the project's stand-in"}`;
    },
  }));
  await runSteps(steps, display);
  return found;
}

/** The host of official releases, or undefined where it is switched off. */
async function reachDownloads(
  settings: ToolchainSettings,
  display: ProgressDisplay,
): Promise<Downloads | undefined> {
  if (settings.downloads === "off") return undefined;
  const downloads = new Downloads(settings.downloads.base);
  const step = {
    title: `Official releases on ${downloads.host}`,
    run: async () => {
      await downloads.reach();
      if (downloads.unreachable === undefined) return `${downloads.host} answers`;
      return `${downloads.unreachable}: building instead`;
    },
  };
  await runSteps([step], display);
  return downloads;
}

function pathsOf<Tool extends ToolName>(
  tools: readonly Tool[],
  found: ReadonlyMap<ToolName, FoundTool>,
): Record<Tool, string> {
  const paths: Partial<Record<Tool, string>> = {};
  for (const tool of tools) {
    const path = found.get(tool)?.path;
    if (path === undefined) throw new Error(`${tool} is neither found nor made`);
    paths[tool] = path;
  }
  return paths as Record<Tool, string>;
}
