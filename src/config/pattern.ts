import { RE2JS, RE2JSSyntaxException } from "re2js";

/** A compiled expression of the configuration: an unanchored RE2 search, inverted where it starts with `_`. */
export interface Pattern {
  /** As written in the configuration. */
  readonly source: string;
  matches(text: string): boolean;
}

/** Why an expression was refused. */
export interface PatternProblem {
  /** What RE2 refused, and, where one exists, another way to write it. */
  readonly problem: string;
  /** Where in the expression, counted from 0, a leading `_` included. */
  readonly position: number;
}

/** What an omitted expression means: it matches every text. */
export const anything: Pattern = { source: "", matches: () => true };

/**
 * Compiles an expression, or says why RE2 refuses it.
 *
 * One leading `_` inverts the rest (`[_]` and `\_` stand for the character);
 * an empty expression matches everything, so `_` alone matches nothing.
 */
export function parsePattern(source: string): { readonly pattern: Pattern } | PatternProblem {
  if (source === "") return { pattern: anything };
  const inverted = source.startsWith("_");
  const expression = inverted ? source.slice(1) : source;
  const refusal = refusalOf(expression);
  if (refusal !== undefined) {
    const position = positionOf(refusal, expression) + (inverted ? 1 : 0);
    return { problem: problemOf(refusal), position };
  }
  const compiled = RE2JS.compile(expression);
  return { pattern: { source, matches: (text) => compiled.test(text) !== inverted } };
}

/** What RE2 says against an expression, and the piece of it that it names. */
interface Refusal {
  readonly description: string;
  /** Empty where RE2 names no piece. */
  readonly fragment: string;
}

// With these two RE2 names the whole expression.
const UNCLOSED_GROUP = "missing closing )";
const WHOLE = new Set([UNCLOSED_GROUP, "unexpected )"]);

function refusalOf(expression: string): Refusal | undefined {
  try {
    RE2JS.compile(expression);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const fragment = WHOLE.has(error.error) ? "" : (error.input ?? "");
    return { description: error.error, fragment };
  }
}

/**
 * RE2 names the refused piece, but not its place, and the same letters may
 * stand harmlessly before it, in a class for one. RE2 reads from left to
 * right, so the piece ends where the shortest beginning ends that is refused
 * in the same way.
 */
function positionOf(refusal: Refusal, expression: string): number {
  if (refusal.description === UNCLOSED_GROUP) return unclosedGroup(expression);
  for (let end = 1; end <= expression.length; end++) {
    const found = refusalOf(expression.slice(0, end));
    if (found?.description === refusal.description && found.fragment === refusal.fragment) {
      return end - Math.max(refusal.fragment.length, 1);
    }
  }
  return 0;
}

/** The last `(` that nothing after it closes; one that is escaped or in a class leaves a broken beginning. */
function unclosedGroup(expression: string): number {
  for (let at = expression.length - 1; at > 0; at--) {
    if (expression[at] !== "(") continue;
    const before = refusalOf(expression.slice(0, at));
    const opensGroup = before === undefined || before.description === UNCLOSED_GROUP;
    if (opensGroup && refusalOf(expression.slice(at))?.description === UNCLOSED_GROUP) return at;
  }
  return 0;
}

// Syntax that people bring along from other engines, by the beginning of the refused piece.
const FOREIGN_SYNTAX: readonly (readonly [RegExp, string])[] = [
  [/^\(\?[=!]/, "a lookahead, which RE2 does not have; a leading _ inverts the whole expression"],
  [/^\(\?<[=!]/, "a lookbehind, which RE2 does not have; a leading _ inverts the whole expression"],
  [/^\\[1-9]/, "a backreference, which RE2 does not have"],
  [/^\(\?>/, "an atomic group, which RE2 does not have and does not need; write (?:...)"],
  [
    /^(?:[*+?]|\{.*\})\+$/,
    "a possessive quantifier, which RE2 does not have and does not need; leave out the last +",
  ],
];

function problemOf({ description, fragment }: Refusal): string {
  const foreign = FOREIGN_SYNTAX.find(([syntax]) => syntax.test(fragment));
  if (foreign !== undefined) return foreign[1];
  return fragment === "" ? description : `${description}: ${fragment}`;
}
