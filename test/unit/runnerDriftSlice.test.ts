import fc from "fast-check";
import { expect, test } from "vitest";
import { driftSlice } from "../../src/runner/loop/driftSlice.ts";

const ids = ["a", "b", "c", "d", "e"];

test.each([
  ["never, with a period of 0", ids, "", 60, 0, []],
  ["nothing of nothing", [], "", 60, 3_600, []],
  ["a part of them", ids, "", 60, 180, ["a", "b"]],
  ["the next part", ids, "b", 60, 180, ["c", "d"]],
  ["over the end to the beginning", ids, "d", 60, 180, ["e", "a"]],
  ["from the next one, where the last one is gone", ids, "bb", 60, 180, ["c", "d"]],
  [
    "all of them, where the period is no longer than an interval",
    ids,
    "c",
    60,
    30,
    ["d", "e", "a", "b", "c"],
  ],
  ["one at least", ids, "", 1, 3_600, ["a"]],
])("%s", (_, all, after, interval, period, expected) => {
  expect(driftSlice(all, after, interval, period)).toEqual(expected);
});

test("each is described within the period, none twice in a round, and rounds cost about the same", () => {
  const someIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 60 });
  fc.assert(
    fc.property(
      someIds,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 500 }),
      (all, interval, period) => {
        const sorted = [...all].sort();
        const rounds = Math.max(1, Math.floor(period / interval));
        const seen = new Set<string>();
        let after = "";
        for (let round = 0; round < rounds; round += 1) {
          const slice = driftSlice(sorted, after, interval, period);
          expect(new Set(slice).size).toBe(slice.length);
          expect(slice.length).toBe(Math.ceil(sorted.length / rounds));
          for (const id of slice) seen.add(id);
          after = slice.at(-1) ?? "";
        }
        expect([...seen].sort()).toEqual(sorted);
      },
    ),
  );
});
