import { basename } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { type ConfigSource, loadConfig } from "../config/load.ts";
import { configSource, readConfigFile } from "../config/source.ts";
import { UserError } from "../model/userError.ts";

/** What `--config` says in a command's help. */
export const configHelp =
  "configuration: a config.yaml, or a stack's Pulumi.STACK.yaml (default: CONFIG_FILE, then ./config.yaml)";

/**
 * The configuration that a command works with: the file of `--config`, else
 * what CONFIG_FILE names, else ./config.yaml.
 *
 * @throws UserError where there is none, it can't be read, or it has problems (all of them).
 */
export function configurationOf(file: string | undefined): Config {
  if (file === undefined) return loadConfig(configSource(process.env));
  const source = readConfigFile(file);
  return loadConfig(source.kind === "file" && isStackFile(file) ? stackSource(file, source.text) : source);
}

// Pulumi's documentation, "Stack settings file": Pulumi.STACK.yaml; Pulumi.yaml is the project's.
function isStackFile(path: string): boolean {
  return /^Pulumi\..+\.ya?ml$/.test(basename(path));
}

const stackSettings = z.looseObject({
  config: z.looseObject({ "eks-pod-identity-sync:clusters": z.unknown() }).nullish(),
});

function stackSource(path: string, text: string): ConfigSource {
  const settings = stackSettings.safeParse(parsed(path, text) ?? {});
  const clusters = settings.data?.config?.["eks-pod-identity-sync:clusters"];
  return { kind: "stack", name: path, clusters };
}

function parsed(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new UserError(`${path}: ${error.message.split("\n")[0]}`);
  }
}
