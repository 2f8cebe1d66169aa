import { type Pattern, parsePattern } from "../src/config/pattern.ts";
import type { DesireRules } from "../src/plan/desire.ts";
import type { ClusterRules, ServiceAccountMatcher } from "../src/plan/types.ts";
import type { WrittenRules } from "./inputs.ts";

type WrittenMatcher = WrittenRules["exclude"][number];

/** The rules as plain data, which the engine can keep. */
export function writeRules({ annotations, exclude, restrict, tags }: ClusterRules): WrittenRules {
  return {
    annotations: { ...annotations },
    exclude: exclude.map(writeMatcher),
    restrict: restrict.map(({ roleArn, allow }) => ({
      roleArn: roleArn.source,
      allow: allow.map(writeMatcher),
    })),
    tags: { ...tags },
  };
}

/** The rules again, compiled. Throws where an expression is none; `writeRules` writes no such one. */
export function readRules({ annotations, exclude, restrict }: WrittenRules): DesireRules {
  return {
    annotations,
    exclude: exclude.map(readMatcher),
    restrict: restrict.map(({ roleArn, allow }) => ({
      roleArn: compile(roleArn),
      allow: allow.map(readMatcher),
    })),
  };
}

function writeMatcher({ namespace, name }: ServiceAccountMatcher): WrittenMatcher {
  return { namespace: namespace.source, name: name.source };
}

function readMatcher({ namespace, name }: WrittenMatcher): ServiceAccountMatcher {
  return { namespace: compile(namespace), name: compile(name) };
}

function compile(source: string): Pattern {
  const parsed = parsePattern(source);
  if ("pattern" in parsed) return parsed.pattern;
  throw new Error(`${JSON.stringify(source)} is no expression: ${parsed.problem}`);
}
