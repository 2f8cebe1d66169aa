import { lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import getPort from "get-port";
import { beforeEach, describe, expect, test } from "vitest";
import { engineTools, ensureToolchain, sandboxTools, type ToolchainSettings } from "../../toolchain/index.ts";
import {
  bareSettings,
  fakeGo,
  startReleaseServer,
  temporaryFolder,
  writeProgram,
} from "./toolchainFixture.ts";

const allTools = [...engineTools, ...sandboxTools];
let folder: string;
let bin: string;
let built: string;
let settings: ToolchainSettings;

beforeEach(async () => {
  folder = await temporaryFolder();
  bin = join(folder, "bin");
  built = join(folder, "built");
  settings = bareSettings(folder);
});

async function ensure(changed: Partial<ToolchainSettings> = {}, retryDownloads = false) {
  return ensureToolchain(allTools, {
    progress: "silent",
    settings: { ...settings, ...changed },
    retryDownloads,
  });
}

const originsOf = ({ tools }: Awaited<ReturnType<typeof ensure>>) =>
  Object.fromEntries(tools.map(({ tool, origin }) => [tool, origin]));

describe("built from Go modules, where nothing can be downloaded", () => {
  beforeEach(() => writeProgram(join(bin, "go"), fakeGo(built)));

  test("all tools but the aws plugin, which the stand-in takes the place of", async () => {
    const toolchain = await ensure();
    expect(originsOf(toolchain)).toEqual({
      pulumi: "built",
      "pulumi-language-nodejs": "built",
      "kubernetes-plugin": "built",
      "aws-plugin": "stand-in",
      "kube-apiserver": "built",
      etcd: "built",
    });
    expect(toolchain.awsPlugin).toBe("stand-in");
    // The engine looks for its language host and for the start of dynamic providers beside itself.
    const cli = dirname(toolchain.paths.pulumi);
    expect(dirname(toolchain.paths["pulumi-language-nodejs"])).toBe(cli);
    expect((await lstat(join(cli, "pulumi-resource-pulumi-nodejs"))).isFile()).toBe(true);
  });

  test("a second start needs neither Go nor the modules", async () => {
    const first = await ensure();
    await rm(join(bin, "go"));
    expect(await ensure()).toEqual(first);
  });

  test("two processes at once build each program once", async () => {
    const index = pathToFileURL(join(import.meta.dirname, "..", "..", "toolchain", "index.ts"));
    const options = JSON.stringify({ progress: "silent", settings });
    const program = `
      const { ensureToolchain } = await import("${index}");
      const { tools } = await ensureToolchain(${JSON.stringify(allTools)}, ${options});
      console.log(JSON.stringify(tools));`;
    const run = () => execa(process.execPath, ["--input-type=module", "--eval", program]);
    const [first, second] = await Promise.all([run(), run()]);
    expect(JSON.parse(first.stdout)).toEqual(JSON.parse(second.stdout));
    expect((await readFile(built, "utf8")).trim().split("\n").sort()).toEqual([
      "etcd",
      "kube-apiserver",
      "pulumi",
      "pulumi-language-nodejs",
      "pulumi-resource-kubernetes",
    ]);
  });

  test("also where the host of the releases can't be reached", async () => {
    const unreachable = { base: `http://127.0.0.1:${await getPort()}` };
    expect(originsOf(await ensure({ downloads: unreachable }))).toMatchObject({ pulumi: "built" });
  });

  test("also where a release is not published", async () => {
    const server = await startReleaseServer();
    server.answer("/pulumi/pulumi/", (response) => response.writeHead(404).end());
    expect(originsOf(await ensure({ downloads: server }))).toMatchObject({
      pulumi: "built",
      "kubernetes-plugin": "downloaded",
      "aws-plugin": "downloaded",
    });
  });
});

describe("downloaded", () => {
  test("all tools, the real aws plugin among them, each archive once", async () => {
    const server = await startReleaseServer();
    const toolchain = await ensure({ downloads: server });
    expect(new Set(Object.values(originsOf(toolchain)))).toEqual(new Set(["downloaded"]));
    expect(toolchain.awsPlugin).toBe("real");
    expect((await execa(toolchain.paths.etcd)).stdout).toBe("official controller-tools/envtest/etcd");
    expect(server.requests.filter((path) => path.endsWith(".tar.gz"))).toHaveLength(4);
    expect(await ensure({ downloads: server })).toEqual(toolchain);
    expect(server.requests).toHaveLength(8);
  });

  test("a host that was away is asked again for the aws plugin only when told to, or another host", async () => {
    await writeProgram(join(bin, "go"), fakeGo(built));
    const port = await getPort();
    const away = { base: `http://127.0.0.1:${port}` };
    expect((await ensure({ downloads: away })).awsPlugin).toBe("stand-in");
    const notes = join(settings.cacheFolder, "aws-plugin", "v7.48.0-linux-x64.unavailable.json");
    const note = await readFile(notes, "utf8");
    expect((await ensure({ downloads: away })).awsPlugin).toBe("stand-in");
    expect(await readFile(notes, "utf8")).toBe(note);
    await ensure({ downloads: away }, true);
    expect(await readFile(notes, "utf8")).not.toBe(note);

    const server = await startReleaseServer();
    expect((await ensure({ downloads: server })).awsPlugin).toBe("real");
  });
});

describe("installed by the user", () => {
  beforeEach(async () => {
    await writeProgram(join(bin, "go"), fakeGo(built));
    await writeProgram(join(bin, "pulumi"), "echo v3.300.1");
    await writeProgram(join(bin, "pulumi-language-nodejs"), "");
    await writeProgram(join(bin, "kube-apiserver"), "echo Kubernetes v1.34.2");
    await writeProgram(join(bin, "etcd"), "echo etcd Version: 3.5.9");
    for (const plugin of ["kubernetes-v4.25.0", "aws-v7.48.0"]) {
      const name = plugin.split("-")[0];
      const home = join(settings.ownPulumiHome, "plugins", `resource-${plugin}`);
      await writeProgram(join(home, `pulumi-resource-${name}`), "");
    }
  });

  test("all of it is used as it is, and the user's Pulumi home too", async () => {
    const toolchain = await ensure();
    expect(new Set(Object.values(originsOf(toolchain)))).toEqual(new Set(["installed"]));
    expect(toolchain.paths.pulumi).toBe(join(bin, "pulumi"));
    expect(toolchain.tools.find(({ tool }) => tool === "pulumi")?.version).toBe("3.300.1");
    expect(toolchain.environment.PULUMI_HOME).toBe(settings.ownPulumiHome);
    expect(toolchain.awsPlugin).toBe("real");
  });

  test.each([
    ["an older pulumi", "pulumi", "echo v3.258.0"],
    ["a newer major pulumi", "pulumi", "echo v4.0.0"],
    ["a pulumi that fails", "pulumi", "echo v3.300.1; exit 1"],
    ["an old kube-apiserver", "kube-apiserver", "echo Kubernetes v1.29.9"],
    ["an old etcd", "etcd", "echo etcd Version: 3.4.30"],
  ])("%s is not used", async (_case, tool, script) => {
    await writeProgram(join(bin, tool), script);
    expect(originsOf(await ensure())).toMatchObject({ [tool]: "built" });
  });

  test("a pulumi without its language host is not used", async () => {
    await rm(join(bin, "pulumi-language-nodejs"));
    expect(originsOf(await ensure())).toMatchObject({ pulumi: "built", "pulumi-language-nodejs": "built" });
  });

  test("a version is asked for once for each state of the program", async () => {
    const asked = join(folder, "asked");
    await writeProgram(join(bin, "pulumi"), `echo asked >> '${asked}'; echo v3.300.1`);
    await ensure();
    await ensure();
    expect(await readFile(asked, "utf8")).toBe("asked\n");
    await writeProgram(join(bin, "pulumi"), `echo asked again >> '${asked}'; echo v3.100.0`);
    expect(originsOf(await ensure())).toMatchObject({ pulumi: "built" });
  });

  test("a plugin that lacks its neighbour is linked into a home beside the stand-in", async () => {
    const plugins = join(settings.ownPulumiHome, "plugins");
    await rm(join(plugins, "resource-aws-v7.48.0"), { recursive: true });
    const toolchain = await ensure();
    expect(originsOf(toolchain)).toMatchObject({
      "kubernetes-plugin": "installed",
      "aws-plugin": "stand-in",
    });
    expect(toolchain.environment.PULUMI_HOME).toBe(settings.suppliedPulumiHome);
    expect(await lstat(join(plugins, "resource-aws-v7.48.0")).catch(() => "absent")).toBe("absent");
  });

  test.each([
    ["is still being installed", (path: string) => writeFile(`${path}.partial`, "")],
    [
      "lies in a linked folder",
      async (path: string) => {
        await rm(path, { recursive: true });
        await mkdir(join(folder, "elsewhere"));
        await writeProgram(join(folder, "elsewhere", "pulumi-resource-kubernetes"), "");
        await symlink(join(folder, "elsewhere"), path);
      },
    ],
  ])("a plugin that %s is not used", async (_case, change) => {
    await change(join(settings.ownPulumiHome, "plugins", "resource-kubernetes-v4.25.0"));
    expect(originsOf(await ensure())).toMatchObject({ "kubernetes-plugin": "built" });
  });
});
