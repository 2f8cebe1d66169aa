import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { configSource, STANDARD_FILE } from "../config/source.ts";
import type { StackEngine } from "./update/engine.ts";

/**
 * Reads the configuration of a stack, and again only when the text that it may
 * stand in has changed: the same object means the same configuration.
 * @throws UserError, from the function returned, where there is none or it can't be used.
 */
export function configurationReader(
  engine: Pick<StackEngine, "configuredClusters">,
  stack: string,
  projectDirectory: string,
  configFile: string | undefined,
): () => Promise<Config> {
  const name = `Pulumi.${stack.split("/").at(-1)}.yaml`;
  const paths = configFile === undefined ? [join(projectDirectory, name), STANDARD_FILE] : [configFile];
  let last: { readonly texts: string; readonly config: Config } | undefined;
  return async () => {
    // Before the configuration itself: what is written in between is seen the next time.
    const texts = JSON.stringify(await Promise.all(paths.map(textOf)));
    if (last?.texts === texts) return last.config;
    const clusters = configFile === undefined ? await engine.configuredClusters() : undefined;
    const config = loadConfig(configSource({ CONFIG_FILE: configFile }, { name, clusters }));
    last = { texts, config };
    return config;
  };
}

function textOf(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}
