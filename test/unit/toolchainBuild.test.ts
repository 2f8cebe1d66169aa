import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { type BuildPlace, buildPrograms, reasonOf, sourceDigest } from "../../toolchain/build.ts";
import { toolGroups } from "../../toolchain/tools.ts";
import { fakeGo, temporaryFolder, writeProgram } from "./toolchainFixture.ts";

const modules = join(import.meta.dirname, "..", "..", "toolchain", "modules");

function programsOf(name: string) {
  return toolGroups.find((group) => group.name === name)?.build?.programs ?? [];
}

async function placeWithGo(script: string | undefined): Promise<BuildPlace> {
  const folder = await temporaryFolder();
  if (script !== undefined) await writeProgram(join(folder, "bin", "go"), script);
  return {
    title: "Pulumi CLI",
    modules,
    output: join(folder, "out"),
    log: join(folder, "logs", "pulumi.log"),
    platform: { os: "linux", cpu: "x64" },
    path: [join(folder, "bin")],
  };
}

async function build(name: string, place: BuildPlace): Promise<string[]> {
  const statuses: string[] = [];
  const report = { status: (text: string) => statuses.push(text), notice: () => {} };
  await buildPrograms(programsOf(name), place, report);
  return statuses;
}

test("builds each program in a copy of its module and leaves only the programs", async () => {
  const place = await placeWithGo(fakeGo(join(await temporaryFolder(), "built")));
  const statuses = await build("pulumi", place);
  expect((await readdir(place.output)).sort()).toEqual(["pulumi", "pulumi-language-nodejs"]);
  expect(statuses).toContain("1 packages compiled, now github.com/example/compiled");
  expect(await readFile(place.log, "utf8")).toContain("github.com/example/compiled");
});

test("gives the plugin the schema of its own module", async () => {
  const script = fakeGo("/dev/null").replace("build)", "build) grep -q '{}' schema.json || exit 1;");
  const place = await placeWithGo(script);
  await build("kubernetes-plugin", place);
  expect(await readdir(place.output)).toEqual(["pulumi-resource-kubernetes"]);
});

test("builds static, reproducible programs from verified modules, whatever the user's Go settings", async () => {
  const seen = join(await temporaryFolder(), "seen");
  const note = `build) echo "$CGO_ENABLED $GOWORK $GOOS $GOARCH" > '${seen}'; echo "$*" >> '${seen}';`;
  const place = await placeWithGo(fakeGo("/dev/null").replace("build)", note));
  await build("etcd", place);
  const [environment, args] = (await readFile(seen, "utf8")).split("\n");
  expect(environment).toBe("0 off linux amd64");
  expect(args).toContain("-mod=readonly -buildvcs=false -trimpath -ldflags -s -w -o ");
});

test.each([
  ["no Go", undefined, /^Go is missing, and Pulumi CLI has to be built with it: install Go 1\.26/],
  [
    "an old Go",
    fakeGo("/dev/null", "go1.22.1"),
    /^Go is too old to build Pulumi CLI \(go version go1\.22\.1/,
  ],
  [
    "a Go that go.mod refuses",
    "echo 'go: go.mod requires go >= 1.26 (running go 1.24; GOTOOLCHAIN=local)' >&2; exit 1",
    /go\.mod requires go >= 1\.26/,
  ],
  [
    "a failing compiler",
    fakeGo("/dev/null").replace("build)", "build) echo './main.go:3:1: syntax error' >&2; exit 1;"),
    /^Building pulumi with Go failed: \.\/main\.go:3:1: syntax error; the whole output is in .*pulumi\.log\.$/,
  ],
  [
    "a full disk",
    fakeGo("/dev/null").replace(
      "build)",
      "build) echo 'write $WORK/b001: no space left on device' >&2; exit 1;",
    ),
    /^No space is left on the disk/,
  ],
])("%s is one line", async (_case, script, message) => {
  const building = build("pulumi", await placeWithGo(script));
  await expect(building).rejects.toThrow(UserError);
  await expect(building).rejects.toThrow(message);
});

test("the reason is taken from what is neither a package nor a download", () => {
  const output = [
    "go: downloading k8s.io/api v0.36.3",
    "k8s.io/api/core/v1",
    "# example.com/broken",
    "./a.go:1: x",
    "",
  ].join("\n");
  expect(reasonOf(output)).toBe("# example.com/broken | ./a.go:1: x");
  expect(reasonOf("k8s.io/api/core/v1\n")).toBe("it gave no reason");
});

test("the digest depends on the sources and the settings", async () => {
  const [first] = programsOf("etcd");
  if (first === undefined) throw new Error("etcd has no program");
  const digest = await sourceDigest(modules, [first]);
  expect(digest).toMatch(/^[0-9a-f]{8}$/);
  expect(await sourceDigest(modules, [first])).toBe(digest);
  expect(await sourceDigest(modules, [{ ...first, settings: ["main.version=2"] }])).not.toBe(digest);
  expect(await sourceDigest(modules, [{ ...first, name: "kube-apiserver" }])).not.toBe(digest);
});
