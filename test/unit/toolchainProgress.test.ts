import { expect, test } from "vitest";
import { runAsLines, runSteps } from "../../toolchain/progress.ts";

const withoutTimes = (lines: readonly string[]) => lines.map((line) => line.replace(/\d+ s/, "N s"));

test("a step writes a line at its start, for a notice and at its end", async () => {
  const lines: string[] = [];
  const run = async (report: Parameters<Parameters<typeof runAsLines>[0][0]["run"]>[0]) => {
    report.status("busy");
    report.notice("the host is away");
    return "etcd: built";
  };
  await runAsLines([{ title: "etcd", run }], (line) => lines.push(line));
  expect(withoutTimes(lines)).toEqual(["etcd ...", "etcd ... the host is away", "etcd: built (N s)"]);
});

test("a step that takes long gives signs of life with what it is at", async () => {
  const lines: string[] = [];
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  const write = (line: string) => {
    lines.push(line);
    if (line.endsWith("12 packages compiled")) resolve();
  };
  const step = {
    title: "etcd",
    run: async (report: { status: (text: string) => void }) => {
      report.status("12 packages compiled");
      await seen;
      return "etcd: built";
    },
  };
  await runAsLines([step], write, 5);
  expect(withoutTimes(lines)).toContain("etcd ... N s 12 packages compiled");
});

test("a step that fails does not stop the others; the first error is thrown at the end", async () => {
  const done: string[] = [];
  const steps = ["first", "second", "third"].map((title) => ({
    title,
    run: async () => {
      if (title === "first") throw new Error("first is broken");
      done.push(title);
      return title;
    },
  }));
  await expect(runSteps(steps, "silent")).rejects.toThrow("first is broken");
  expect(done).toEqual(["second", "third"]);
});
