import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import getPort from "get-port";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { findChecksum } from "../../toolchain/checksums.ts";
import { Downloads } from "../../toolchain/download.ts";
import type { Report } from "../../toolchain/progress.ts";
import { type ToolGroup, toolGroups } from "../../toolchain/tools.ts";
import { type Answer, startReleaseServer, temporaryFolder } from "./toolchainFixture.ts";

const report: Report = { status: () => {}, notice: () => {} };
const platform = { os: "linux", cpu: "x64" } as const;

function group(name: string): ToolGroup {
  const found = toolGroups.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no group ${name}`);
  return found;
}

test.each(toolGroups.map(({ name }) => name))(
  "downloads, checks and unpacks the archive of %s",
  async (name) => {
    const server = await startReleaseServer();
    const folder = await temporaryFolder();
    const { release, tools } = group(name);
    const result = await new Downloads(server.base).unpack(release, platform, folder, report);
    expect(result).toEqual({ kind: "done" });
    for (const tool of tools) {
      expect(await readFile(join(folder, tool.file), "utf8")).toContain("echo official");
    }
    expect(await readdir(folder)).not.toContain(".archive");
  },
);

test("an archive that differs from its published checksum is an error, and is not unpacked", async () => {
  const server = await startReleaseServer();
  const folder = await temporaryFolder();
  server.answer("linux-x64.tar.gz", (response, content) => {
    const changed = Buffer.from(content ?? "");
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    response.end(changed);
  });
  const unpacking = new Downloads(server.base).unpack(group("pulumi").release, platform, folder, report);
  await expect(unpacking).rejects.toThrow(UserError);
  await expect(unpacking).rejects.toThrow(/pulumi-v3\.259\.0-linux-x64\.tar\.gz does not match .* sha256/);
  expect(await readdir(folder)).toEqual([".archive"]);
});

const notFound: Answer = (response) => response.writeHead(404).end();
const cutShort: Answer = (response, content) => {
  response.writeHead(200, { "content-length": content?.length ?? 0 });
  response.write(content?.subarray(0, 100), () => response.destroy());
};
const stopping: Answer = (response, content) => {
  response.writeHead(200, { "content-length": content?.length ?? 0 });
  response.write(content?.subarray(0, 100));
};
const emptyList: Answer = (response) => response.end("\n");

test.each([
  ["is not published", "linux-x64.tar.gz", notFound, /linux-x64\.tar\.gz answered 404$/],
  ["is cut short", "linux-x64.tar.gz", cutShort, /linux-x64\.tar\.gz broke off$/],
  ["stops on the way", "linux-x64.tar.gz", stopping, /linux-x64\.tar\.gz broke off$/],
  ["has no checksum list", "checksums.txt", notFound, /checksums\.txt answered 404$/],
  ["is not in the list", "checksums.txt", emptyList, /does not list pulumi-v3\.259\.0-linux-x64\.tar\.gz$/],
])("an archive that %s is unavailable; the host stays in use", async (_case, path, answer, reason) => {
  const server = await startReleaseServer();
  server.answer(path, answer);
  const downloads = new Downloads(server.base, { answer: 10_000, stall: 50 });
  const result = await downloads.unpack(group("pulumi").release, platform, await temporaryFolder(), report);
  expect(result).toEqual({ kind: "unavailable", reason: expect.stringMatching(reason) });
  expect(downloads.unreachable).toBeUndefined();
});

describe("a host that can't be reached", () => {
  test("is given up when it does not answer, and not asked again", async () => {
    const server = await startReleaseServer();
    server.answer("/", () => {});
    const downloads = new Downloads(server.base, { answer: 50, stall: 10_000 });
    const reason = expect.stringMatching(/^127\.0\.0\.1:\d+ did not answer within 0\.05 s$/);
    for (const name of ["pulumi", "etcd"]) {
      const result = await downloads.unpack(group(name).release, platform, await temporaryFolder(), report);
      expect(result).toEqual({ kind: "unavailable", reason });
    }
    expect(server.requests).toHaveLength(1);
    expect(downloads.unreachable).toEqual(reason);
  });

  test("is found out by asking it for anything", async () => {
    const server = await startReleaseServer();
    const answering = new Downloads(server.base);
    await answering.reach();
    expect(answering.unreachable).toBeUndefined();

    const refusing = new Downloads(`http://127.0.0.1:${await getPort()}`);
    await refusing.reach();
    expect(refusing.unreachable).toMatch(/^127\.0\.0\.1:\d+ can't be reached \(ECONNREFUSED\)$/);
  });
});

const sha256 = "a".repeat(64);
test.each([
  [`${sha256}  tool.tar.gz`, { algorithm: "sha256", hash: sha256 }],
  [`${sha256.toUpperCase()} *tool.tar.gz\r`, { algorithm: "sha256", hash: sha256 }],
  [`${"b".repeat(40)}  ./tool.tar.gz`, { algorithm: "sha1", hash: "b".repeat(40) }],
  [`${"c".repeat(128)}  /out/tool.tar.gz`, { algorithm: "sha512", hash: "c".repeat(128) }],
  [`${sha256}  other-tool.tar.gz`, undefined],
  [`${sha256}  tool.tar.gz.sig`, undefined],
  ["abc123  tool.tar.gz", undefined],
  ["", undefined],
])("the checksum of tool.tar.gz in %j", (line, expected) => {
  expect(findChecksum(`${"d".repeat(64)}  first.tar.gz\n${line}\n`, "tool.tar.gz")).toEqual(expected);
});
