import type { z } from "zod";
import { closest } from "./closest.ts";
import type { Path } from "./file.ts";

/** Something wrong with the configuration. */
export interface Problem {
  readonly path: Path;
  /** One sentence without its subject, which is the path. */
  readonly message: string;
}

/** What the schema says against `value`, in the order of the schema. */
export function problemsOf(error: z.ZodError, value: unknown): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        message: unknownField(key, issue.message.split(" ")),
      }));
    }
    const found = shown(valueAt(value, issue.path));
    return [{ path: issue.path, message: found === undefined ? issue.message : `${found} ${issue.message}` }];
  });
}

function unknownField(key: string, known: readonly string[]): string {
  const meant = closest(key, known);
  const advice = meant === undefined ? `the fields here are ${known.join(", ")}` : `did you mean ${meant}?`;
  return `is not a known field; ${advice}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    found = typeof found === "object" && found !== null ? Reflect.get(found, step) : undefined;
  }
  return found;
}

const LONGEST_SHOWN = 80;

/** A scalar as it is written in JSON, cut where it is long; undefined for what is missing, a list or a mapping. */
function shown(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "object" && value !== null)) return undefined;
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

/** A path as people write it: `clusters[1].restrict_roles[0].role_arn`. */
export function writtenPath(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
}
