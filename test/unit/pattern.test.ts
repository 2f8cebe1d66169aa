import { describe, expect, it } from "vitest";
import { anything, parsePattern } from "../../src/config/pattern.ts";

function matches(source: string, text: string): boolean {
  const parsed = parsePattern(source);
  if ("problem" in parsed) throw new Error(`${source}: ${parsed.problem}`);
  return parsed.pattern.matches(text);
}

describe("an expression", () => {
  it.each([
    { source: "test", text: "a-test-cluster", expected: true, why: "is searched for anywhere" },
    { source: "^example$", text: "example", expected: true, why: "is exact where it is anchored" },
    { source: "^example$", text: "example-2", expected: false, why: "is exact where it is anchored" },
    { source: "^test", text: "test1", expected: true, why: "matches the beginning" },
    { source: "^test", text: "my-test", expected: false, why: "matches the beginning" },
    { source: "_^test", text: "test1", expected: false, why: "is inverted by a leading _" },
    { source: "_^test", text: "my-test", expected: true, why: "is inverted by a leading _" },
    { source: "a_b", text: "a_b", expected: true, why: "has a literal _ elsewhere" },
    { source: "a_b", text: "ab", expected: false, why: "has a literal _ elsewhere" },
    { source: "__a", text: "_a", expected: false, why: "is inverted once, and the second _ is literal" },
    { source: "__a", text: "a", expected: true, why: "is inverted once, and the second _ is literal" },
    { source: "[_]a", text: "_a", expected: true, why: "may start with a literal _ in a class" },
    { source: "[_]a", text: "a", expected: false, why: "may start with a literal _ in a class" },
    { source: "\\_a", text: "_a", expected: true, why: "may start with an escaped _" },
    { source: "\\_a", text: "a", expected: false, why: "may start with an escaped _" },
    { source: "", text: "", expected: true, why: "matches everything where it is empty" },
    { source: "", text: "kube-system", expected: true, why: "matches everything where it is empty" },
    { source: "_", text: "", expected: false, why: "matches nothing where the empty one is inverted" },
    { source: "_", text: "default", expected: false, why: "matches nothing where the empty one is inverted" },
    { source: "^$", text: "default", expected: false, why: "can match the empty text alone" },
    { source: "^$", text: "", expected: true, why: "can match the empty text alone" },
    { source: "_^$", text: "default", expected: true, why: "can match every text but the empty one" },
    { source: "_^$", text: "", expected: false, why: "can match every text but the empty one" },
    { source: "Test", text: "test", expected: false, why: "minds the case" },
    { source: "(?i)Test", text: "tEST", expected: true, why: "takes RE2's flags" },
    { source: "^(?P<team>a|b)-", text: "b-app", expected: true, why: "takes RE2's named groups" },
    { source: "\\Qa.b\\E", text: "axb", expected: false, why: "takes RE2's quotes" },
    { source: "^\\pL+$", text: "Größe", expected: true, why: "knows Unicode's classes" },
    { source: "^.$", text: "🙂", expected: true, why: "counts characters, not UTF-16 units" },
    { source: "^\\w+$", text: "é", expected: false, why: "has \\w in ASCII, as RE2" },
    { source: "a$", text: "a\n", expected: false, why: "has $ at the very end, as RE2" },
  ])("$source $why: $text -> $expected", ({ source, text, expected }) => {
    expect(matches(source, text)).toBe(expected);
  });

  it("keeps its source", () => {
    expect(parsePattern("_^a")).toMatchObject({ pattern: { source: "_^a" } });
  });

  it("that is omitted matches everything", () => {
    expect(anything.matches("kube-system")).toBe(true);
    expect(parsePattern(anything.source)).toEqual({ pattern: anything });
  });
});

describe("what RE2 refuses is refused, with its place", () => {
  it.each([
    { source: "(?=x)", position: 0, problem: /lookahead/ },
    { source: "_a(?!b)", position: 2, problem: /lookahead.*leading _ inverts/ },
    { source: "a(?<=x)", position: 1, problem: /lookbehind/ },
    { source: "(?<!x)", position: 0, problem: /lookbehind/ },
    { source: "(a)\\1", position: 3, problem: /backreference/ },
    { source: "x(?>a)", position: 1, problem: /atomic group/ },
    { source: "ba++", position: 2, problem: /possessive/ },
    { source: "a{2}+", position: 1, problem: /possessive/ },
    { source: "[(?=](?=x)", position: 5, problem: /lookahead/ },
    { source: "\\Q(?=\\E(?<!x)", position: 7, problem: /lookbehind/ },
    { source: "a(b(c)", position: 1, problem: /missing closing \)/ },
    { source: "(a[(]\\(", position: 0, problem: /missing closing \)/ },
    { source: "a)b(", position: 1, problem: /unexpected \)/ },
    { source: "\\[a[b", position: 3, problem: /missing closing \]: \[b/ },
    { source: "*", position: 0, problem: /missing argument to repetition operator: \*/ },
    { source: "a**", position: 1, problem: /nested repetition operator: \*\*/ },
    { source: "x{2}a{2,1}", position: 5, problem: /repeat count: \{2,1\}/ },
    { source: "a{1001}", position: 1, problem: /repeat count: \{1001\}/ },
    { source: "ab\\", position: 2, problem: /trailing backslash/ },
    { source: "ab\\Z", position: 2, problem: /escape sequence: \\Z/ },
    { source: "[z-a]", position: 1, problem: /range: z-a/ },
    { source: "x\\p{Foo}", position: 1, problem: /range: \\p\{Foo\}/ },
    { source: "(?x)a b", position: 0, problem: /Perl syntax: \(\?x/ },
  ])("$source at $position", ({ source, position, problem }) => {
    expect(parsePattern(source)).toEqual({ position, problem: expect.stringMatching(problem) });
  });
});
