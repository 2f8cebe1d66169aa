import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { configSource } from "../config/source.ts";
import type { StackEngine } from "./engine.ts";

/**
 * Reads the configuration of a stack, and again only when its text has
 * changed: the same object means the same configuration.
 */
export function configurationReader(
  engine: StackEngine,
  stack: string,
  projectDirectory: string,
  configFile: string | undefined,
): () => Promise<Config> {
  const name = `Pulumi.${stack.split("/").at(-1)}.yaml`;
  const path = configFile ?? join(projectDirectory, name);
  let last: { readonly text: string | undefined; readonly config: Config } | undefined;
  return async () => {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (last !== undefined && last.text === text) return last.config;
    const clusters = configFile === undefined ? await engine.configuredClusters() : undefined;
    const config = loadConfig(configSource({ CONFIG_FILE: configFile }, { name, clusters }));
    last = { text, config };
    return config;
  };
}
