import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withProgress } from "../../src/cli/progress.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("work that takes longer than a moment shows on stderr that it is under way", async () => {
  const shown = Promise.withResolvers<string>();
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    shown.resolve(String(text));
    return true;
  });
  const result = withProgress("Reading clusters", () => shown.promise);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await result).toContain("Reading clusters");
});

test("work that is done in a moment, or fails, leaves nothing running", async () => {
  const failure = new Error("no");
  expect(await withProgress("Reading clusters", async () => 5)).toBe(5);
  await expect(withProgress("Reading clusters", () => Promise.reject(failure))).rejects.toBe(failure);
  expect(vi.getTimerCount()).toBe(0);
});
