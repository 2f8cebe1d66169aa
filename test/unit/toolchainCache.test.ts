import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { exists, fillFolder } from "../../toolchain/cache.ts";
import type { Report } from "../../toolchain/progress.ts";
import { temporaryFolder } from "./toolchainFixture.ts";

let notices: string[];
let report: Report;

beforeEach(() => {
  notices = [];
  report = { status: () => {}, notice: (text) => notices.push(text) };
});

function fillWith(content: string) {
  return async (folder: string) => {
    await writeFile(join(folder, "tool"), content);
    return true;
  };
}

test("fills an absent folder and leaves a complete one alone", async () => {
  const folder = join(await temporaryFolder(), "tools", "v1");
  const complete = () => exists(join(folder, "tool"));
  expect(await fillFolder(folder, complete, fillWith("first"), report)).toBe(true);
  expect(await fillFolder(folder, complete, fillWith("second"), report)).toBe(true);
  expect(await readFile(join(folder, "tool"), "utf8")).toBe("first");
  expect(await readdir(join(folder, ".."))).toEqual(["v1"]);
});

test("replaces a folder that is not complete", async () => {
  const folder = join(await temporaryFolder(), "v1");
  await mkdir(folder);
  await writeFile(join(folder, "half"), "");
  await fillFolder(folder, () => exists(join(folder, "tool")), fillWith("whole"), report);
  expect(await readdir(folder)).toEqual(["tool"]);
});

test("leaves nothing behind where it could not be filled", async () => {
  const parent = await temporaryFolder();
  const fill = async (folder: string) => {
    await writeFile(join(folder, "half"), "");
    return false;
  };
  expect(await fillFolder(join(parent, "v1"), async () => false, fill, report)).toBe(false);
  expect(await readdir(parent)).toEqual([]);
});

test("leaves nothing behind after an error", async () => {
  const parent = await temporaryFolder();
  const fill = async (folder: string) => {
    await writeFile(join(folder, "half"), "");
    throw new Error("broken");
  };
  await expect(fillFolder(join(parent, "v1"), async () => false, fill, report)).rejects.toThrow("broken");
  expect(await readdir(parent)).toEqual([]);
});

test("two at once: one fills, the other waits and finds it", async () => {
  const folder = join(await temporaryFolder(), "v1");
  const complete = () => exists(join(folder, "tool"));
  const { promise: otherWaits, resolve: otherIsWaiting } = Promise.withResolvers<void>();
  const { promise: firstFills, resolve: firstIsFilling } = Promise.withResolvers<void>();
  const first = fillFolder(
    folder,
    complete,
    async (empty) => {
      firstIsFilling();
      await otherWaits;
      return fillWith("first")(empty);
    },
    report,
  );
  await firstFills;
  const second = fillFolder(folder, complete, fillWith("second"), {
    ...report,
    notice: (text) => {
      notices.push(text);
      otherIsWaiting();
    },
  });
  expect(await Promise.all([first, second])).toEqual([true, true]);
  expect(await readFile(join(folder, "tool"), "utf8")).toBe("first");
  expect(notices).toEqual(["another run is making it, waiting for that"]);
});

test("takes over from a run that was killed", async () => {
  const parent = await temporaryFolder();
  const folder = join(parent, "v1");
  await mkdir(`${folder}.partial-abc123`);
  await mkdir(`${folder}.lock`);
  const anHourAgo = new Date(Date.now() - 3_600_000);
  await utimes(`${folder}.lock`, anHourAgo, anHourAgo);
  expect(await fillFolder(folder, () => exists(join(folder, "tool")), fillWith("new"), report)).toBe(true);
  expect(await readdir(parent)).toEqual(["v1"]);
});

test.each([
  ["ENOSPC", /^No space is left on the disk/],
  ["EROFS", /can't be written \(EROFS\)/],
])("%s becomes one line that says what to do", async (code, message) => {
  const fill = async () => {
    throw Object.assign(new Error(code), { code });
  };
  const filling = fillFolder(join(await temporaryFolder(), "v1"), async () => false, fill, report);
  await expect(filling).rejects.toThrow(UserError);
  await expect(filling).rejects.toThrow(message);
});

test("a cache folder that is a file", async () => {
  const file = join(await temporaryFolder(), "cache");
  await writeFile(file, "");
  const filling = fillFolder(join(file, "pulumi", "v1"), async () => false, fillWith(""), report);
  await expect(filling).rejects.toThrow(UserError);
});
