import fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, it } from "vitest";
import { parsePattern } from "../../src/config/pattern.ts";

// Kubernetes names, and texts that look like expressions.
const text = fc.oneof(
  fc.stringMatching(/^[a-z0-9_.-]{0,12}$/),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const expression = fc.string({ unit: fc.constantFrom(..."ab_-.^$|*+?()[]{}\\dwQE<=!:1,"), maxLength: 12 });

it("a leading _ inverts, and inverts nothing else", () => {
  fc.assert(
    fc.property(expression, text, (source, subject) => {
      fc.pre(!source.startsWith("_"));
      const plain = parsePattern(source);
      const inverted = parsePattern(`_${source}`);
      if ("problem" in plain) {
        expect(inverted).toEqual({ ...plain, position: plain.position + 1 });
      } else {
        const matched = "pattern" in inverted && inverted.pattern.matches(subject);
        expect(matched).toBe(!plain.pattern.matches(subject));
      }
    }),
    { numRuns: 1000 },
  );
});

it("a quoted text between anchors matches that text alone", () => {
  fc.assert(
    fc.property(text, text, (wanted, other) => {
      const parsed = parsePattern(`^${RE2JS.quote(wanted)}$`);
      expect("pattern" in parsed && parsed.pattern.matches(wanted)).toBe(true);
      expect("pattern" in parsed && parsed.pattern.matches(other)).toBe(wanted === other);
    }),
  );
});

it("a quoted text is found anywhere, its leading _ escaped", () => {
  fc.assert(
    fc.property(text, text, text, (before, wanted, after) => {
      const source = wanted.startsWith("_") ? `[_]${RE2JS.quote(wanted.slice(1))}` : RE2JS.quote(wanted);
      const parsed = parsePattern(source);
      expect("pattern" in parsed && parsed.pattern.matches(before + wanted + after)).toBe(true);
    }),
  );
});

it("every text is an expression or is refused at a place in it", () => {
  fc.assert(
    fc.property(expression, (source) => {
      const parsed = parsePattern(source);
      if ("pattern" in parsed) return;
      expect(parsed.problem).not.toBe("");
      expect(parsed.position).toBeGreaterThanOrEqual(0);
      expect(parsed.position).toBeLessThan(source.length);
    }),
    { numRuns: 1000 },
  );
});

it("a refused piece is placed after whatever stands before it", () => {
  fc.assert(
    fc.property(text, fc.constantFrom("(?=x)", "\\1", "(?<!x)", "a**".slice(1)), (before, refused) => {
      const quoted = `^${RE2JS.quote(before)}b`;
      expect(parsePattern(quoted + refused)).toMatchObject({ position: quoted.length });
    }),
  );
});
