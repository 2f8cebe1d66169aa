import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { z } from "zod";
import { engineTools, ensureToolchain, sandboxTools } from "../../toolchain/index.ts";

const checkout = join(import.meta.dirname, "..", "..");

test("what `npm run env` prints makes a plain shell run the engine with both plugins", async () => {
  const script = `eval "$('${process.execPath}' toolchain/env.ts)" && pulumi version && node --version && pulumi plugin ls --json`;
  const { stdout } = await execa("/bin/sh", ["-c", script], { cwd: checkout });
  const [cli, node, ...list] = stdout.split("\n");
  expect(cli).toMatch(/^v3\.\d+\.\d+/);
  expect(node).toMatch(/^v24\./);
  const plugins = z
    .array(z.object({ name: z.string(), version: z.string() }))
    .parse(JSON.parse(list.join("\n")));
  expect(plugins).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: "aws", version: "7.48.0" }),
      expect.objectContaining({ name: "kubernetes", version: "4.25.0" }),
    ]),
  );
});

test("kube-apiserver and etcd run and say their versions", async () => {
  const { paths, tools } = await ensureToolchain(sandboxTools, { progress: "silent" });
  expect((await execa(paths["kube-apiserver"], ["--version"])).stdout).toMatch(/^Kubernetes v1\.\d+\.\d+/);
  expect((await execa(paths.etcd, ["--version"])).stdout).toMatch(/^etcd Version: 3\.\d+\.\d+/);
  expect(tools.map(({ tool }) => tool)).toEqual(["kube-apiserver", "etcd"]);
});

test("`npm run toolchain` lists every tool, as a table and as JSON", async () => {
  const run = (...args: string[]) =>
    execa(process.execPath, ["toolchain/main.ts", ...args], { cwd: checkout });
  const tools = z
    .array(z.object({ tool: z.string(), version: z.string(), origin: z.string(), path: z.string() }))
    .parse(JSON.parse((await run("-o", "json")).stdout));
  expect(tools.map(({ tool }) => tool).sort()).toEqual([...engineTools, ...sandboxTools].sort());
  const lines = (await run()).stdout.split("\n");
  for (const { tool, version, path } of tools) {
    expect(
      lines.filter((line) => [` ${tool} `, ` ${version} `, path].every((text) => line.includes(text))),
    ).toHaveLength(1);
  }
});
