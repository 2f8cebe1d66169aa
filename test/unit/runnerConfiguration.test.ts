import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configurationReader } from "../../src/runner/configuration.ts";

let directory: string;
let asked: number;
const stackClusters: { value: unknown } = { value: undefined };
const engine = {
  async configuredClusters() {
    asked += 1;
    return stackClusters.value;
  },
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pod-identity-config-"));
  asked = 0;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const entries = (name: string) => [{ region: "us-east-1", cluster_name: name }];
const file = (name: string) => `clusters: ${JSON.stringify(entries(name))}\n`;

test("a file is read anew only when its text has changed", async () => {
  const path = join(directory, "config.yaml");
  await writeFile(path, file("^blue$"));
  const read = configurationReader(engine, "dev", directory, path);
  const first = await read();
  expect(await read()).toBe(first);
  await writeFile(path, file("^green$"));
  const second = await read();
  expect(second).not.toBe(first);
  expect(second.clusters).toMatchObject([{ selection: { name: { source: "^green$" } } }]);
  expect(asked).toBe(0);
});

test("a stack's configuration is asked of the engine, and again when its file has changed", async () => {
  stackClusters.value = entries("^blue$");
  const read = configurationReader(engine, "organization/project/dev", directory, undefined);
  const first = await read();
  expect(await read()).toBe(first);
  expect(asked).toBe(1);
  await writeFile(join(directory, "Pulumi.dev.yaml"), "config: {}\n");
  expect(await read()).not.toBe(first);
  expect(asked).toBe(2);
});

test("a bad configuration is refused each time, until it is mended", async () => {
  const path = join(directory, "config.yaml");
  await writeFile(path, "clusters: [{region: 7, cluster_name: a}]\n");
  const read = configurationReader(engine, "dev", directory, path);
  await expect(read()).rejects.toThrow(/config\.yaml:1:\d+: /);
  await expect(read()).rejects.toThrow(/region/);
  await writeFile(path, file("^blue$"));
  expect((await read()).clusters).toHaveLength(1);
  await rm(path);
  await expect(read()).rejects.toThrow(/can't be read/);
});
