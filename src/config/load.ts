import { UserError } from "../model/userError.ts";
import { type Config, clusterEntry } from "./config.ts";
import { type Position, parseFile } from "./file.ts";
import { type Problem, problemsOf, writtenPath } from "./problems.ts";
import { configSchema } from "./schema.ts";

/** Where a configuration comes from: the text of a file, or what a stack's configuration holds under `clusters`. */
export type ConfigSource =
  | { readonly kind: "file"; readonly path: string; readonly text: string }
  | { readonly kind: "stack"; readonly name: string; readonly clusters: unknown };

/** A configuration with problems: all of them, a line each, with the place, what was found there and what is due. */
export class ConfigError extends UserError {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * Checks a configuration and makes it ready for use. Reads nothing but its argument.
 *
 * @throws ConfigError that lists every problem.
 */
export function loadConfig(source: ConfigSource): Config {
  return source.kind === "stack"
    ? loadStack(source.name, source.clusters)
    : loadFile(source.path, source.text);
}

function loadStack(name: string, clusters: unknown): Config {
  const checked = check({ clusters });
  if ("config" in checked) return checked.config;
  // Pulumi reads this file, and keeps no positions.
  throw new ConfigError(checked.problems.map((problem) => `${name}, ${sentence(problem)}`));
}

function loadFile(path: string, text: string): Config {
  const parsed = parseFile(text);
  if ("problems" in parsed) throw new ConfigError(parsed.problems.map((problem) => placed(path, problem)));
  const checked = check(parsed.value ?? {});
  if ("config" in checked) return checked.config;
  const problems = checked.problems
    .map((problem) => ({ position: parsed.positionOf(problem.path), message: sentence(problem) }))
    .toSorted((one, other) => byPosition(one.position, other.position));
  throw new ConfigError(problems.map((problem) => placed(path, problem)));
}

function check(value: unknown): { readonly config: Config } | { readonly problems: readonly Problem[] } {
  const result = configSchema.safeParse(value);
  if (!result.success) return { problems: problemsOf(result.error, value) };
  const clusters = result.data.clusters.flatMap((settings, index) =>
    settings === undefined ? [] : [clusterEntry(settings, index)],
  );
  return { config: { clusters } };
}

function sentence({ path, message }: Problem): string {
  return path.length === 0 ? message : `${writtenPath(path)}: ${message}`;
}

function placed(file: string, { position, message }: { position: Position; message: string }): string {
  return `${file}:${position.line}:${position.column}: ${message}`;
}

function byPosition(one: Position, other: Position): number {
  return one.line - other.line || one.column - other.column;
}
