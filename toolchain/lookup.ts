import { join } from "node:path";
import { sourceDigest } from "./build.ts";
import { findInstalled, isExecutable } from "./installed.ts";
import type { ToolchainSettings } from "./settings.ts";
import type { ToolGroup, ToolName } from "./tools.ts";

/** Where a tool comes from. */
export type Origin = "installed" | "downloaded" | "built" | "stand-in";

/** A tool that can be run. */
export interface FoundTool {
  readonly tool: ToolName;
  readonly version: string;
  readonly origin: Origin;
  readonly path: string;
}

/** The cache's folder of a group's official archive, unpacked. */
export function releaseFolder(group: ToolGroup, { cacheFolder, platform }: ToolchainSettings): string {
  const { name, version } = group.release;
  return join(cacheFolder, name, `v${version}-${platform.os}-${platform.cpu}`);
}

/** The cache's folder of a group built from Go modules, or undefined where it can't be built. */
export async function buildFolder(
  group: ToolGroup,
  settings: ToolchainSettings,
): Promise<string | undefined> {
  if (group.build === undefined) return undefined;
  const { os, cpu } = settings.platform;
  const digest = await sourceDigest(modulesFolder(settings), group.build.programs);
  return join(settings.cacheFolder, group.name, `v${group.build.version}-${os}-${cpu}-built-${digest}`);
}

/** The Go modules that tools are built from. */
export function modulesFolder({ checkout }: ToolchainSettings): string {
  return join(checkout, "toolchain", "modules");
}

/** Whether a folder of the cache holds all of a group's tools; it is trusted by its name, nothing is started. */
export async function holdsTools(folder: string, group: ToolGroup): Promise<boolean> {
  const found = await Promise.all(group.tools.map((tool) => isExecutable(join(folder, tool.file))));
  return found.every(Boolean);
}

/** A group's tools in a folder of the cache. */
export function toolsIn(
  folder: string,
  group: ToolGroup,
  origin: "downloaded" | "built",
): readonly FoundTool[] {
  return group.tools.map((tool) => ({
    tool: tool.name,
    version: origin === "built" ? tool.builtVersion : tool.releasedVersion,
    origin,
    path: join(folder, tool.file),
  }));
}

/** A group's tools, where they are on this machine already: the user's own first, then the cache's. */
export async function lookUp(
  group: ToolGroup,
  settings: ToolchainSettings,
): Promise<readonly FoundTool[] | undefined> {
  const installed = await findInstalled(group, settings);
  if (installed !== undefined) {
    return installed.map(({ tool, version, path }) => ({ tool, version, origin: "installed", path }));
  }
  const released = releaseFolder(group, settings);
  if (await holdsTools(released, group)) return toolsIn(released, group, "downloaded");
  const built = await buildFolder(group, settings);
  if (built !== undefined && (await holdsTools(built, group))) return toolsIn(built, group, "built");
  return undefined;
}
