import { expect, test } from "vitest";
import { RecentNotes } from "../../src/runner/events/recentNotes.ts";

test("only so many keys are remembered: those used last", () => {
  const recent = new RecentNotes(2);
  expect([recent.isNew("a", "1"), recent.isNew("b", "1"), recent.isNew("a", "1")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(recent.isNew("c", "1")).toBe(true);
  expect(recent.isNew("a", "1")).toBe(false);
  expect(recent.isNew("b", "1")).toBe(true);
});

test("another text, a forgotten key and one that was not kept are new", () => {
  const recent = new RecentNotes(9);
  for (const key of ["a", "b", "c"]) recent.isNew(key, "1");
  expect(recent.isNew("a", "2")).toBe(true);
  recent.forget("b");
  expect(recent.isNew("b", "1")).toBe(true);
  recent.keepOnly(new Set(["a", "b"]));
  expect([recent.isNew("a", "2"), recent.isNew("b", "1"), recent.isNew("c", "1")]).toEqual([
    false,
    false,
    true,
  ]);
});
