import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../model/userError.ts";
import type { ConfigSource } from "./load.ts";

/** The file that is read where neither CONFIG_FILE nor the stack's configuration says otherwise, as by the Go controller. */
export const STANDARD_FILE = "config.yaml";

/** What a stack's configuration says. */
export interface StackConfig {
  /** For messages: the file that it stands in, for instance Pulumi.dev.yaml. */
  readonly name: string;
  /** The value of `eks-pod-identity-sync:clusters`; undefined where it is not set. */
  readonly clusters: unknown;
}

/**
 * Decides which configuration counts, and reads it. The environment goes
 * before the stack, since it is set for one run: CONFIG_FILE, then the stack's
 * `clusters`, then ./config.yaml.
 *
 * @throws UserError where there is none, or the file can't be read.
 */
export function configSource(
  env: { readonly CONFIG_FILE?: string | undefined },
  stack?: StackConfig,
): ConfigSource {
  if (env.CONFIG_FILE !== undefined && env.CONFIG_FILE !== "") return readConfigFile(env.CONFIG_FILE);
  if (stack !== undefined && stack.clusters !== undefined) {
    return { kind: "stack", name: stack.name, clusters: stack.clusters };
  }
  if (existsSync(STANDARD_FILE)) return readConfigFile(STANDARD_FILE);
  const inStack = stack === undefined ? "" : `write eks-pod-identity-sync:clusters into ${stack.name}, `;
  throw new UserError(
    `there is no configuration; ${inStack}set CONFIG_FILE to a file, or write ${STANDARD_FILE} here, for instance: clusters: [{region: us-east-1, cluster_name: ^my-cluster$}]`,
  );
}

/**
 * Reads a configuration's file.
 *
 * @throws UserError where it can't be read.
 */
export function readConfigFile(path: string): ConfigSource {
  try {
    return { kind: "file", path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `the configuration can't be read: ${reason}; check the path, which is taken from ${process.cwd()}`,
    );
  }
}
