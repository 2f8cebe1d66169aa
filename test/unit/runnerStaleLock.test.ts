import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { isOwnStaleLock } from "../../src/runner/update/locks.ts";

/** A process of this host that has ended. */
const dead = spawnSync(process.execPath, ["--version"]).pid;
const holder = (pid: number, host = hostname()) =>
  `created by ann@${host} (pid ${pid}) at 2026-01-02T03:04:05Z`;
/** As the DIY backends say it. */
const message = (...holders: readonly string[]) =>
  [
    `error: the stack is currently locked by ${holders.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.`,
    ...holders.map((text, index) => `  file:///state/.pulumi/locks/dev/${index}.json: ${text}`),
  ].join("\n");

test.each<[string, string, boolean]>([
  ["a process of this host that has ended", message(holder(dead)), true],
  ["this very process, which never holds one", message(holder(process.pid)), true],
  ["a process of this host that lives", message(holder(process.ppid)), false],
  ["a process of another host", message(holder(dead, "elsewhere.example.com")), false],
  ["one that has ended and one that lives", message(holder(dead), holder(process.ppid)), false],
  ["two that have ended", message(holder(dead), holder(dead)), true],
  ["Pulumi Cloud, which names nobody", "[409] Conflict: Another update is currently in progress.", false],
])("the lock of %s is ours and stale: %s", (_, text, expected) => {
  expect(isOwnStaleLock(text)).toBe(expected);
});
