import { lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withLock } from "./cache.ts";
import { pluginFolder } from "./installed.ts";
import type { FoundTool } from "./lookup.ts";
import { nodeFolder } from "./pulumiEnvironment.ts";
import type { ToolchainSettings } from "./settings.ts";
import { quoteForShell } from "./shell.ts";
import type { ToolGroup } from "./tools.ts";

/** What a plugin's folder holds: a link to its program, or a script that stands in for it. */
type PluginContent = { readonly program: string } | { readonly script: string };

/**
 * Puts the plugins where the engine finds them. Where the user's own Pulumi home holds them all, nothing is done;
 * else a home in the checkout is supplied, with links to the plugins found, and the stand-in where the aws plugin was
 * not found. The stand-in never gets into the user's own home.
 *
 * @returns the stand-in where it was placed, and the Pulumi home to use.
 */
export async function placePlugins(
  groups: readonly ToolGroup[],
  found: ReadonlyMap<ToolGroup, readonly FoundTool[]>,
  settings: ToolchainSettings,
): Promise<{ readonly placed: readonly FoundTool[]; readonly pulumiHome: string }> {
  const plugins = groups.filter((group) => group.installedAs === "pulumi plugin");
  if (plugins.every((group) => found.get(group)?.[0]?.origin === "installed")) {
    return { placed: [], pulumiHome: settings.ownPulumiHome };
  }
  const placed: FoundTool[] = [];
  for (const group of plugins) {
    const [tool] = group.tools;
    const path = join(pluginFolder(settings.suppliedPulumiHome, group), tool.file);
    const program = found.get(group)?.[0]?.path;
    if (program !== undefined) {
      await place(path, { program }, settings);
    } else {
      await place(path, { script: await standInScript(settings) }, settings);
      placed.push({ tool: tool.name, version: tool.releasedVersion, origin: "stand-in", path });
    }
  }
  return { placed, pulumiHome: settings.suppliedPulumiHome };
}

/** Makes a plugin's folder hold just its content. It is a real folder, since the engine skips linked ones. */
async function place(path: string, content: PluginContent, settings: ToolchainSettings): Promise<void> {
  if (await isRight(path, content)) return;
  await withLock(join(settings.suppliedPulumiHome, "supply"), async () => {
    if (await isRight(path, content)) return;
    await rm(dirname(path), { recursive: true, force: true });
    await mkdir(dirname(path), { recursive: true });
    if ("program" in content) return symlink(content.program, path);
    await writeFile(path, content.script, { mode: 0o755 });
  });
}

async function isRight(path: string, content: PluginContent): Promise<boolean> {
  if ("program" in content) {
    return readlink(path).then(
      (target) => target === content.program,
      () => false,
    );
  }
  try {
    return (await lstat(path)).isFile() && (await readFile(path, "utf8")) === content.script;
  } catch {
    return false;
  }
}

/** The shell script that stands in for the aws plugin's program: it starts aws-plugin/main.ts with the project's Node.js. */
async function standInScript(settings: ToolchainSettings): Promise<string> {
  const node = join(await nodeFolder(settings.checkout), "node");
  const main = join(settings.checkout, "aws-plugin", "main.ts");
  return `#!/bin/sh\nexec ${quoteForShell(node)} ${quoteForShell(main)} "$@"\n`;
}
