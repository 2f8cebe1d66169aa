import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { goArchitecture, platformOf } from "../../toolchain/platform.ts";
import { readSettings } from "../../toolchain/settings.ts";
import { toolGroups } from "../../toolchain/tools.ts";

const machine = { os: "linux", cpu: "x64", checkout: "/checkout" };

describe("readSettings", () => {
  test("without variables: the user's cache, the official host, the user's Pulumi home", () => {
    const settings = readSettings({ PATH: "/a::/b" }, machine);
    expect(settings).toMatchObject({
      downloads: { base: "https://github.com" },
      path: ["/a", "/b"],
      ownPulumiHome: join(homedir(), ".pulumi"),
      suppliedPulumiHome: "/checkout/.toolchain/pulumi-home",
      credentialsPathSet: false,
    });
    expect(settings.cacheFolder).toMatch(/eks-pod-identity-sync$/);
  });

  test("with variables", () => {
    const settings = readSettings(
      {
        EKS_POD_IDENTITY_SYNC_CACHE: "/cache",
        EKS_POD_IDENTITY_SYNC_DOWNLOADS: "http://mirror.example/releases/",
        PULUMI_HOME: "/data/pulumi",
        PULUMI_CREDENTIALS_PATH: "/data/login",
      },
      machine,
    );
    expect(settings).toMatchObject({
      cacheFolder: "/cache",
      downloads: { base: "http://mirror.example/releases" },
      ownPulumiHome: "/data/pulumi",
      credentialsPathSet: true,
    });
  });

  test("downloads can be switched off", () => {
    expect(readSettings({ EKS_POD_IDENTITY_SYNC_DOWNLOADS: "off" }, machine).downloads).toBe("off");
  });

  test("a supplied Pulumi home, carried on by a shell, is not taken for the user's own", () => {
    const settings = readSettings({ PULUMI_HOME: "/other-checkout/.toolchain/pulumi-home" }, machine);
    expect(settings.ownPulumiHome).toBe(join(homedir(), ".pulumi"));
  });

  test.each(["github.com", "ftp://mirror.example", ""])("refuses the download host %j", (host) => {
    const read = () => readSettings({ EKS_POD_IDENTITY_SYNC_DOWNLOADS: host }, machine);
    expect(read).toThrow(UserError);
    expect(read).toThrow(/^EKS_POD_IDENTITY_SYNC_DOWNLOADS is not usable/);
  });

  test.each([
    ["win32", "x64"],
    ["linux", "ia32"],
    ["freebsd", "arm64"],
  ])("refuses %s on %s", (os, cpu) => {
    const read = () => readSettings({}, { ...machine, os, cpu });
    expect(read).toThrow(UserError);
    expect(read).toThrow(`does not support ${os}/${cpu}`);
  });
});

test.each([
  ["linux", "x64", "linux-x64", "linux-amd64"],
  ["linux", "arm64", "linux-arm64", "linux-arm64"],
  ["darwin", "x64", "darwin-x64", "darwin-amd64"],
  ["darwin", "arm64", "darwin-arm64", "darwin-arm64"],
])("the archives for %s on %s", (os, cpu, pulumi, others) => {
  const platform = platformOf(os, cpu);
  expect(others.endsWith(goArchitecture(platform))).toBe(true);
  expect(new Set(toolGroups.map((group) => group.release.archive(platform)))).toEqual(
    new Set([
      `pulumi-v3.259.0-${pulumi}.tar.gz`,
      `pulumi-resource-kubernetes-v4.25.0-${others}.tar.gz`,
      `pulumi-resource-aws-v7.48.0-${others}.tar.gz`,
      `envtest-v1.36.2-${others}.tar.gz`,
    ]),
  );
});
