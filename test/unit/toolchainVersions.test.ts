import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { findVersionNumber, fits, type VersionNumber } from "../../toolchain/versionNumber.ts";
import { versions } from "../../toolchain/versions.ts";

const root = join(import.meta.dirname, "..", "..");

describe("the pinned versions", () => {
  test.each([
    ["@pulumi/pulumi", versions.pulumi],
    ["@pulumi/kubernetes", versions.kubernetesPlugin],
    ["@pulumi/aws", versions.awsPlugin],
  ])("%s in package.json has the version of its tool", async (name, version) => {
    const text = await readFile(join(root, "package.json"), "utf8");
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(text));
    expect(dependencies[name]).toBe(version);
  });

  test.each([
    ["pulumi", `github.com/pulumi/pulumi/pkg/v3 v${versions.pulumi}`],
    ["pulumi-language-nodejs", `github.com/pulumi/pulumi/sdk/v3 v${versions.builtLanguageHost}`],
    ["kube-apiserver", `k8s.io/kubernetes v${versions.builtKubeApiserver}`],
    ["etcd", `go.etcd.io/etcd/server/v3 v${versions.builtEtcd}`],
  ])("the Go module of %s requires %s", async (module, requirement) => {
    const goMod = await readFile(join(root, "toolchain", "modules", module, "go.mod"), "utf8");
    expect(goMod.split(/\r?\n/).map((line) => line.trim().replace(" // indirect", ""))).toContain(
      requirement,
    );
  });
});

test.each<[string, VersionNumber | undefined]>([
  ["v3.259.0\n", [3, 259, 0]],
  ["Kubernetes v1.36.3", [1, 36, 3]],
  ["etcd Version: 3.6.12\nGit SHA: 1234567", [3, 6, 12]],
  ["go version go1.26.8 linux/amd64", [1, 26, 8]],
  ["go version go1.27 linux/amd64", [1, 27, 0]],
  ["3.260.0-alpha.1", [3, 260, 0]],
  ["command not found", undefined],
  ["", undefined],
])("finds the version in %j", (text, version) => {
  expect(findVersionNumber(text)).toEqual(version);
});

test.each<[VersionNumber, VersionNumber, boolean]>([
  [[3, 259, 0], [3, 259, 0], true],
  [[3, 260, 0], [3, 259, 5], true],
  [[3, 259, 4], [3, 259, 5], false],
  [[3, 258, 9], [3, 259, 0], false],
  [[4, 0, 0], [3, 259, 0], false],
  [[2, 300, 0], [3, 259, 0], false],
])("%j against at least %j: %j", (version, oldest, expected) => {
  expect(fits(version, oldest)).toBe(expected);
});
