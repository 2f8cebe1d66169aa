import { type Pattern, parsePattern } from "../../config/pattern.ts";
import type { ClusterRules, RestrictedRole, ServiceAccountMatcher } from "../../plan/types.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import type { RecordedCluster } from "../../program/state.ts";
import type { EngineEnd, EngineOptions, EngineRun } from "./engine.ts";

// What the daemon and its engine's process say to each other. Node.js clones it (`serialization: "advanced"`): Maps
// arrive as Maps, functions do not arrive at all.

/** What the daemon asks for. The first is always `open`; `cancel` has no answer. */
export type EngineRequest =
  | { readonly what: "open"; readonly id: number; readonly options: EngineOptions }
  | { readonly what: "recorded"; readonly id: number }
  | { readonly what: "configuredClusters"; readonly id: number }
  | { readonly what: "run"; readonly id: number; readonly run: WrittenRun }
  | { readonly what: "cancel" };

/** What the process answers, by the request's id; a run prints before it ends. */
export type EngineAnswer =
  | { readonly what: "opened"; readonly id: number }
  /** `recorded`: absent where it is what the last answer held. */
  | {
      readonly what: "recorded";
      readonly id: number;
      readonly recorded?: ReadonlyMap<string, RecordedCluster>;
    }
  | { readonly what: "configuredClusters"; readonly id: number; readonly clusters: unknown }
  | { readonly what: "printed"; readonly id: number; readonly text: string }
  | { readonly what: "ended"; readonly id: number; readonly end: EngineEnd }
  /** `expected`: a UserError, for people to mend; any other comes with its stack trace. */
  | { readonly what: "threw"; readonly id: number; readonly message: string; readonly expected: boolean };

/** The process holds more memory than it should, and is to be replaced. */
export interface EngineGrown {
  readonly what: "grown";
}

/** A run as it is sent. */
export type WrittenRun = Omit<EngineRun, "planned" | "onOutput"> & { readonly planned: unknown };

/** A run's data; expressions become their text. */
export function writeRun({ onOutput: _, ...run }: EngineRun): WrittenRun {
  return { ...run, planned: run.planned.map(writePlanned) };
}

/** A run of what {@link writeRun} made. */
export function readRun(written: WrittenRun, onOutput: EngineRun["onOutput"]): EngineRun {
  // Written by this same version of the program.
  const planned = written.planned as readonly WrittenPlanned[];
  return { ...written, planned: planned.map(readPlanned), onOutput };
}

type WrittenPlanned = ReturnType<typeof writePlanned>;

function writePlanned({ source, ...cluster }: PlannedCluster) {
  return source === undefined
    ? cluster
    : { ...cluster, source: { ...source, rules: writeRules(source.rules) } };
}

function readPlanned(written: WrittenPlanned): PlannedCluster {
  if (!("source" in written)) return written;
  const { source } = written;
  return { ...written, source: { ...source, rules: readRules(source.rules) } };
}

function writeRules({ exclude, restrict, ...rules }: ClusterRules) {
  return {
    ...rules,
    exclude: exclude.map(writeMatcher),
    restrict: restrict.map(({ roleArn, allow }) => ({
      roleArn: roleArn.source,
      allow: allow.map(writeMatcher),
    })),
  };
}

function readRules({ exclude, restrict, ...rules }: ReturnType<typeof writeRules>): ClusterRules {
  return {
    ...rules,
    exclude: exclude.map(readMatcher),
    restrict: restrict.map(
      ({ roleArn, allow }): RestrictedRole => ({
        roleArn: readPattern(roleArn),
        allow: allow.map(readMatcher),
      }),
    ),
  };
}

function writeMatcher({ namespace, name }: ServiceAccountMatcher) {
  return { namespace: namespace.source, name: name.source };
}

function readMatcher({ namespace, name }: ReturnType<typeof writeMatcher>): ServiceAccountMatcher {
  return { namespace: readPattern(namespace), name: readPattern(name) };
}

function readPattern(source: string): Pattern {
  const parsed = parsePattern(source);
  // It was compiled when the configuration was read.
  if (!("pattern" in parsed)) throw new Error(`the expression ${JSON.stringify(source)}: ${parsed.problem}`);
  return parsed.pattern;
}
