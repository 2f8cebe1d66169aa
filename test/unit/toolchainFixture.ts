import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";
import { onTestFinished } from "vitest";
import type { ToolchainSettings } from "../../toolchain/index.ts";

/** A folder that is removed with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "toolchain-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Settings of a machine that has nothing: no tools, no Go, no downloads; all folders lie in `folder`. */
export function bareSettings(folder: string): ToolchainSettings {
  return {
    platform: { os: "linux", cpu: "x64" },
    checkout: join(import.meta.dirname, "..", ".."),
    cacheFolder: join(folder, "cache"),
    downloads: "off",
    path: [join(folder, "bin")],
    ownPulumiHome: join(folder, "own-home"),
    credentialsPathSet: false,
    suppliedPulumiHome: join(folder, "supplied-home"),
  };
}

/** Writes a shell script that can be run as a program. */
export async function writeProgram(path: string, script: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/**
 * A `go` that "builds" a script. It notes the name of each program that it builds in the file `built`.
 */
export function fakeGo(built: string, version = "go1.26.8"): string {
  return `PATH=/usr/bin:/bin
case "$1" in
  version) echo "go version ${version} linux/amd64" ;;
  mod) mkdir -p module/cmd/pulumi-resource-kubernetes
       echo '{}' > module/cmd/pulumi-resource-kubernetes/schema.json
       echo "{\\"Dir\\": \\"$PWD/module\\"}" ;;
  build) while [ "$1" != -o ]; do shift; done
       echo "github.com/example/compiled" >&2
       basename "$2" >> '${built}'
       printf '#!/bin/sh\\necho built by Go\\n' > "$2"; chmod 755 "$2" ;;
esac`;
}

/** The official archives for linux/x64 as their projects publish them: address, what lies in them, checksum list. */
export const officialReleases = [
  {
    assets: "/pulumi/pulumi/releases/download/v3.259.0",
    archive: "pulumi-v3.259.0-linux-x64.tar.gz",
    files: ["pulumi/pulumi", "pulumi/pulumi-language-nodejs", "pulumi/pulumi-resource-pulumi-nodejs"],
    checksums: "pulumi-3.259.0-checksums.txt",
    algorithm: "sha256",
    folder: "",
  },
  {
    assets: "/pulumi/pulumi-kubernetes/releases/download/v4.25.0",
    archive: "pulumi-resource-kubernetes-v4.25.0-linux-amd64.tar.gz",
    files: ["pulumi-resource-kubernetes", "README.md"],
    checksums: "pulumi-kubernetes_4.25.0_checksums.txt",
    algorithm: "sha256",
    folder: "",
  },
  {
    assets: "/pulumi/pulumi-aws/releases/download/v7.48.0",
    archive: "pulumi-resource-aws-v7.48.0-linux-amd64.tar.gz",
    files: ["pulumi-resource-aws", "README.md"],
    checksums: "pulumi-aws_7.48.0_checksums.txt",
    algorithm: "sha1",
    folder: "./",
  },
  {
    assets: "/kubernetes-sigs/controller-tools/releases/download/envtest-v1.36.2",
    archive: "envtest-v1.36.2-linux-amd64.tar.gz",
    files: [
      "controller-tools/envtest/etcd",
      "controller-tools/envtest/kube-apiserver",
      "controller-tools/envtest/kubectl",
    ],
    checksums: "envtest-v1.36.2-linux-amd64.tar.gz.sha512",
    algorithm: "sha512",
    folder: "/",
  },
] as const;

/** What the server does with a path that it does not simply send. */
export type Answer = (response: ServerResponse, content: Buffer | undefined) => void;

/** A server laid out like github.com, with the official releases. */
export interface ReleaseServer {
  readonly base: string;
  /** Paths in the order they were asked for. */
  readonly requests: readonly string[];
  /** Answers paths that contain a text in another way than by sending the file. */
  answer(pathPart: string, answer: Answer): void;
}

/** Starts a release server; it ends with the test. */
export async function startReleaseServer(): Promise<ReleaseServer> {
  const contents = await packReleases();
  const requests: string[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    if (request.method === "GET") requests.push(path);
    const content = contents.get(path);
    const special = [...answers].find(([part]) => path.includes(part))?.[1];
    if (special !== undefined) return special(response, content);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  const base = `http://127.0.0.1:${await listen(server)}`;
  return { base, requests, answer: (pathPart, answer) => answers.set(pathPart, answer) };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}

async function packReleases(): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for (const release of officialReleases) {
    const folder = await temporaryFolder();
    for (const file of release.files) await writeProgram(join(folder, file), `echo official ${file}`);
    const pieces: Buffer[] = [];
    for await (const piece of create({ gzip: true, cwd: folder }, [...release.files])) {
      pieces.push(Buffer.from(piece));
    }
    const archive = Buffer.concat(pieces);
    const hash = createHash(release.algorithm).update(archive).digest("hex");
    contents.set(`${release.assets}/${release.archive}`, archive);
    const other = `${"0".repeat(hash.length)}  ${release.folder}another-file.tar.gz`;
    const list = `${other}\n${hash}  ${release.folder}${release.archive}\n`;
    contents.set(`${release.assets}/${release.checksums}`, Buffer.from(list));
  }
  return contents;
}
