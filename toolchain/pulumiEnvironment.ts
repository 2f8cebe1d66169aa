import { dirname, join } from "node:path";
import { exists } from "./cache.ts";
import type { ToolchainSettings } from "./settings.ts";

/**
 * The folders that PATH must begin with for a `pulumi` run: the project's Node.js, then the CLI.
 *
 * @param pulumi path of the CLI, where it was asked for.
 */
export async function pulumiPathFolders(
  settings: ToolchainSettings,
  pulumi: string | undefined,
): Promise<readonly string[]> {
  const node = await nodeFolder(settings.checkout);
  return pulumi === undefined ? [node] : [node, dirname(pulumi)];
}

/** The variables that `pulumi` runs with, to be added to the process' own: PATH, and the home that holds the plugins. */
export async function pulumiEnvironment(
  settings: ToolchainSettings,
  pulumiHome: string,
  pathFolders: readonly string[],
): Promise<Record<string, string>> {
  const others = settings.path.filter((folder) => !pathFolders.includes(folder));
  const keepsLogin = pulumiHome === settings.ownPulumiHome || settings.credentialsPathSet;
  return {
    PATH: [...pathFolders, ...others].join(":"),
    PULUMI_HOME: pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Programs and plugins load some thousand files of the SDKs; compiled code is kept from one start to the next
    // (Node.js documentation, "Module compile cache").
    NODE_COMPILE_CACHE: join(settings.cacheFolder, "node-compile-cache"),
    ...(keepsLogin ? {} : await credentialsVariable(settings.ownPulumiHome)),
  };
}

/** A home of the toolchain's own must not lose the user's `pulumi login`, which is kept in the home. */
async function credentialsVariable(ownPulumiHome: string): Promise<Record<string, string>> {
  const loggedIn = await exists(join(ownPulumiHome, "credentials.json"));
  return loggedIn ? { PULUMI_CREDENTIALS_PATH: ownPulumiHome } : {};
}

/** The folder of the Node.js that the project brings along, or of the one that runs now where npm left that out. */
export async function nodeFolder(checkout: string): Promise<string> {
  const ours = join(checkout, "node_modules", ".bin");
  return (await exists(join(ours, "node"))) ? ours : dirname(process.execPath);
}
