import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { configSource, readConfigFile } from "../../src/config/source.ts";
import { UserError } from "../../src/model/userError.ts";

const stack = { name: "Pulumi.dev.yaml", clusters: [{ region: "us-east-1" }] };
const emptyStack = { name: "Pulumi.dev.yaml", clusters: undefined };

const startedIn = process.cwd();
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-source-"));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(startedIn);
  rmSync(folder, { recursive: true });
});

it("CONFIG_FILE goes before the stack", () => {
  const path = join(folder, "mine.yaml");
  writeFileSync(path, "clusters: []");
  expect(configSource({ CONFIG_FILE: path }, stack)).toEqual({ kind: "file", path, text: "clusters: []" });
});

it("the stack goes before ./config.yaml, and an empty CONFIG_FILE counts as none", () => {
  writeFileSync("config.yaml", "clusters: []");
  expect(configSource({ CONFIG_FILE: "" }, stack)).toEqual({ kind: "stack", ...stack });
});

it("./config.yaml is read where nothing else is said", () => {
  writeFileSync("config.yaml", "clusters: []");
  const expected = { kind: "file", path: "config.yaml", text: "clusters: []" };
  expect(configSource({}, emptyStack)).toEqual(expected);
  expect(configSource({})).toEqual(expected);
});

it("no configuration at all is an error that says what to write", () => {
  expect(() => configSource({}, emptyStack)).toThrow(UserError);
  expect(() => configSource({}, emptyStack)).toThrow(
    /eks-pod-identity-sync:clusters into Pulumi.dev.yaml.*CONFIG_FILE/,
  );
  expect(() => configSource({})).toThrow(/^there is no configuration; set CONFIG_FILE/);
});

it("a file that can't be read is an error that names it", () => {
  expect(() => readConfigFile("missing.yaml")).toThrow(UserError);
  expect(() => readConfigFile("missing.yaml")).toThrow(/missing\.yaml.*check the path/);
});
