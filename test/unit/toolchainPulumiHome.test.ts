import { lstat, mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { beforeEach, expect, test } from "vitest";
import { engineTools, ensureToolchain, type ToolchainSettings } from "../../toolchain/index.ts";
import { quoteForShell } from "../../toolchain/shell.ts";
import {
  bareSettings,
  fakeGo,
  startReleaseServer,
  temporaryFolder,
  writeProgram,
} from "./toolchainFixture.ts";

let settings: ToolchainSettings;
let aws: string;
let kubernetes: string;

beforeEach(async () => {
  const folder = await temporaryFolder();
  settings = bareSettings(folder);
  const plugins = join(settings.suppliedPulumiHome, "plugins");
  aws = join(plugins, "resource-aws-v7.48.0", "pulumi-resource-aws");
  kubernetes = join(plugins, "resource-kubernetes-v4.25.0", "pulumi-resource-kubernetes");
  await writeProgram(join(folder, "bin", "go"), fakeGo(join(folder, "built")));
});

const ensure = (changed: Partial<ToolchainSettings> = {}) =>
  ensureToolchain(engineTools, { progress: "silent", settings: { ...settings, ...changed } });

test("plugins lie in real folders: a link to the program, a script as the stand-in", async () => {
  const { paths } = await ensure();
  expect((await lstat(dirname(kubernetes))).isDirectory()).toBe(true);
  expect(await readlink(kubernetes)).toBe(paths["kubernetes-plugin"]);
  expect(paths["aws-plugin"]).toBe(aws);
  const node = join(settings.checkout, "node_modules", ".bin", "node");
  const main = join(settings.checkout, "aws-plugin", "main.ts");
  expect(await readFile(aws, "utf8")).toBe(`#!/bin/sh\nexec '${node}' '${main}' "$@"\n`);
  expect((await lstat(aws)).mode & 0o111).toBe(0o111);
});

test("what is right stays untouched; the real plugin replaces the stand-in", async () => {
  await ensure();
  const { mtimeMs } = await lstat(aws);
  await ensure();
  expect((await lstat(aws)).mtimeMs).toBe(mtimeMs);
  const { paths } = await ensure({ downloads: await startReleaseServer() });
  expect(await readlink(aws)).toBe(paths["aws-plugin"]);
});

test("PATH begins with the project's Node.js and the CLI, each once, also when loaded twice", async () => {
  const first = await ensure();
  const [node, cli] = first.pathFolders;
  expect(node).toBe(join(settings.checkout, "node_modules", ".bin"));
  expect(cli).toBe(dirname(first.paths.pulumi));
  expect(first.environment.PATH).toBe([node, cli, ...settings.path].join(":"));
  const again = await ensure({ path: (first.environment.PATH ?? "").split(":") });
  expect(again.environment).toEqual(first.environment);
});

test("a login in the user's own home is kept", async () => {
  expect((await ensure()).environment).not.toHaveProperty("PULUMI_CREDENTIALS_PATH");
  await mkdir(settings.ownPulumiHome, { recursive: true });
  await writeFile(join(settings.ownPulumiHome, "credentials.json"), "{}");
  expect((await ensure()).environment.PULUMI_CREDENTIALS_PATH).toBe(settings.ownPulumiHome);
  expect((await ensure({ credentialsPathSet: true })).environment).not.toHaveProperty(
    "PULUMI_CREDENTIALS_PATH",
  );
});

test.each(["plain", "two words", "it's", '$HOME `x` "y" \\', ""])("the shell reads %j back", async (word) => {
  const { stdout } = await execa("/bin/sh", ["-c", `printf %s ${quoteForShell(word)}`]);
  expect(stdout).toBe(word);
});
