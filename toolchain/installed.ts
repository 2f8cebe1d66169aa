import {
  access,
  constants,
  lstat,
  mkdir,
  readFile,
  realpath,
  rename,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { z } from "zod";
import { exists } from "./cache.ts";
import type { ToolchainSettings } from "./settings.ts";
import type { GroupedTool, ToolGroup, ToolName } from "./tools.ts";
import { findVersionNumber, fits } from "./versionNumber.ts";

/** A tool that the user has installed. */
export interface InstalledTool {
  readonly tool: ToolName;
  readonly path: string;
  readonly version: string;
}

/** A group's tools as the user has installed them: all of them with a fitting version, or undefined. */
export async function findInstalled(
  group: ToolGroup,
  settings: ToolchainSettings,
): Promise<readonly InstalledTool[] | undefined> {
  const found: InstalledTool[] = [];
  for (const tool of group.tools) {
    const installed =
      group.installedAs === "pulumi plugin"
        ? await findPlugin(tool, group, settings)
        : await findProgram(tool, found[0], settings);
    if (installed === undefined) return undefined;
    found.push(installed);
  }
  return found;
}

/** The engine takes a plugin only from a real folder named for exactly its version, and not while `.partial` is there. */
async function findPlugin(tool: GroupedTool, group: ToolGroup, { ownPulumiHome }: ToolchainSettings) {
  const folder = pluginFolder(ownPulumiHome, group);
  const path = join(folder, tool.file);
  const isFolder = await lstat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!isFolder || (await exists(`${folder}.partial`)) || !(await isExecutable(path))) return undefined;
  return { tool: tool.name, path, version: tool.releasedVersion };
}

/** A plugin's folder in a Pulumi home. */
export function pluginFolder(pulumiHome: string, group: ToolGroup): string {
  const plugin = group.name.replace(/-plugin$/, "");
  return join(pulumiHome, "plugins", `resource-${plugin}-v${group.release.version}`);
}

async function findProgram(
  tool: GroupedTool,
  neighbour: InstalledTool | undefined,
  settings: ToolchainSettings,
): Promise<InstalledTool | undefined> {
  if (tool.probe === undefined) return neighbour && findNeighbour(tool, neighbour, settings);
  const path = await findOnPath(tool.file, settings.path);
  // What a shell has on its PATH from the toolchain's own cache is the cache's matter.
  if (path === undefined || (await realpath(path)).startsWith(settings.cacheFolder + sep)) return undefined;
  const oldest = findVersionNumber(tool.probe.oldest);
  const version = findVersionNumber(await versionText(path, tool.probe.args, settings.cacheFolder));
  if (version === undefined || oldest === undefined || !fits(version, oldest)) return undefined;
  return { tool: tool.name, path, version: version.join(".") };
}

/** The engine looks for its language host beside itself first, then on the PATH. */
async function findNeighbour(tool: GroupedTool, neighbour: InstalledTool, settings: ToolchainSettings) {
  const folders = [dirname(await realpath(neighbour.path)), dirname(neighbour.path), ...settings.path];
  const path = await findOnPath(tool.file, folders);
  return path === undefined ? undefined : { tool: tool.name, path, version: neighbour.version };
}

/** The first file of that name in the folders that may be executed. */
export async function findOnPath(file: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, file);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Whether a path is a file that may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

const rememberedVersions = z.record(z.string(), z.string());

/** What a program says of its version; remembered for each state of its file, since starting one costs up to a second. */
async function versionText(path: string, args: readonly string[], cacheFolder: string): Promise<string> {
  const memory = join(cacheFolder, "installed-versions.json");
  const { size, mtimeMs } = await stat(path);
  const key = `${path} ${size} ${mtimeMs}`;
  const remembered = await readRemembered(memory);
  const known = remembered[key];
  if (known !== undefined) return known;
  const { execa } = await import("execa");
  const { stdout, failed } = await execa(path, args, {
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeout: 10_000,
    stdin: "ignore",
    reject: false,
  });
  if (failed) return "";
  const text = stdout.slice(0, 200);
  await mkdir(cacheFolder, { recursive: true });
  await writeFile(`${memory}.${process.pid}`, JSON.stringify({ ...remembered, [key]: text }));
  await rename(`${memory}.${process.pid}`, memory);
  return text;
}

/** A memory that can't be read is only slower. */
async function readRemembered(file: string): Promise<Record<string, string>> {
  try {
    const parsed = rememberedVersions.safeParse(JSON.parse(await readFile(file, "utf8")));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}
