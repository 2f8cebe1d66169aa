import { createHash } from "node:crypto";
import { appendFile, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { onExit } from "signal-exit";
import { z } from "zod";
import { UserError } from "../src/model/userError.ts";
import { diskFull } from "./cache.ts";
import { findOnPath } from "./installed.ts";
import { goArchitecture, type Platform } from "./platform.ts";
import type { Report } from "./progress.ts";
import type { GoProgram } from "./tools.ts";
import { findVersionNumber, fits } from "./versionNumber.ts";
import { versions } from "./versions.ts";

/** What a build is for, and where it reads and writes. */
export interface BuildPlace {
  /** The group's title, for messages. */
  readonly title: string;
  /** toolchain/modules of the checkout; only read, it may be another user's. */
  readonly modules: string;
  /** Where the programs go. */
  readonly output: string;
  /** The compiler's whole output, for the user to read after a failure. */
  readonly log: string;
  readonly platform: Platform;
  /** PATH, as folders, where `go` is looked for. */
  readonly path: readonly string[];
}

/** Eight hex digits that change with what the programs are built from, so that no old build is taken for a new one. */
export async function sourceDigest(modules: string, programs: readonly GoProgram[]): Promise<string> {
  const hash = createHash("sha256");
  for (const program of programs) {
    hash.update(JSON.stringify(program));
    const folder = join(modules, program.name);
    for (const file of await sourceFiles(folder)) {
      hash.update(`${file}\n`).update(await readFile(join(folder, file)));
    }
  }
  return hash.digest("hex").slice(0, 8);
}

/**
 * Builds programs from Go modules. Go checks every module against the go.sum in the project.
 *
 * @throws UserError where Go is missing or too old, or a build fails.
 */
export async function buildPrograms(
  programs: readonly GoProgram[],
  place: BuildPlace,
  report: Report,
): Promise<void> {
  await mkdir(dirname(place.log), { recursive: true });
  await writeFile(place.log, "");
  for (const program of programs) {
    const folder = join(place.output, `${program.name}.module`);
    await copySources(join(place.modules, program.name), folder);
    const go = new Go(folder, place, report);
    await go.requireVersion();
    if (program.embeds !== undefined) await embed(go, program.embeds, folder);
    report.status(`building ${program.name}`);
    await go.run(buildArguments(program, join(place.output, program.name)), program.name);
    await rm(folder, { recursive: true });
  }
}

/** A program's `go build` call. `-trimpath` lets all checkouts share Go's build cache. */
function buildArguments(program: GoProgram, output: string): readonly string[] {
  const linker = ["-s", "-w", ...program.settings.map((setting) => `-X ${setting}`)].join(" ");
  const flags = ["-v", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", linker];
  return ["build", ...flags, "-o", output, program.package];
}

/** The `go` command, run in one module's folder. */
class Go {
  readonly #folder: string;
  readonly #place: BuildPlace;
  readonly #report: Report;

  constructor(folder: string, place: BuildPlace, report: Report) {
    this.#folder = folder;
    this.#place = place;
    this.#report = report;
  }

  /** Asked inside the module, so that Go may fetch the toolchain that go.mod names where it is set to (GOTOOLCHAIN). */
  async requireVersion(): Promise<void> {
    const mend = `install Go ${versions.oldestGo} or newer (https://go.dev/dl)`;
    if ((await findOnPath("go", this.#place.path)) === undefined) {
      throw new UserError(`Go is missing, and ${this.#place.title} has to be built with it: ${mend}.`);
    }
    const text = await this.run(["version"], "go version");
    const found = findVersionNumber(text);
    const oldest = findVersionNumber(versions.oldestGo);
    if (found !== undefined && oldest !== undefined && fits(found, oldest)) return;
    throw new UserError(`Go is too old to build ${this.#place.title} (${text.trim()}): ${mend}.`);
  }

  /** Runs `go` with its output kept in the log; what it compiles or downloads is reported. */
  async run(args: readonly string[], what: string): Promise<string> {
    const { log } = this.#place;
    const child = execa("go", args, {
      cwd: this.#folder,
      env: this.#environment(),
      stdin: "ignore",
      reject: false,
      // A group of its own, so that the compilers that `go` starts can be ended with it.
      detached: true,
      cleanup: false,
    });
    const forget = onExit(() => endGroup(child.pid));
    try {
      const [result] = await Promise.all([child, this.#follow(child.iterable({ from: "stderr" }))]);
      if (!result.failed) return result.stdout;
      if (/no space left on device/.test(result.stderr)) throw diskFull(this.#folder);
      throw new UserError(
        `Building ${what} with Go failed: ${reasonOf(result.stderr)}; the whole output is in ${log}.`,
      );
    } finally {
      forget();
    }
  }

  async #follow(lines: AsyncIterable<string>): Promise<void> {
    let compiled = 0;
    for await (const line of lines) {
      await appendFile(this.#place.log, `${line}\n`);
      if (line.startsWith("go: downloading ")) this.#report.status(`downloading ${line.split(" ")[2]}`);
      else if (packagePath.test(line)) this.#report.status(`${++compiled} packages compiled, now ${line}`);
    }
  }

  /** The user's settings for cross-compiling or workspaces must not reach these builds. */
  #environment(): Record<string, string> {
    const { platform, path } = this.#place;
    return {
      PATH: path.join(":"),
      CGO_ENABLED: "0",
      GOWORK: "off",
      GOOS: platform.os,
      GOARCH: goArchitecture(platform),
    };
  }
}

/** Ends a process and all that it started, where they are still there. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // The group has ended already.
  }
}

const packagePath = /^[\w.~/-]+$/;

/** The lines of the compiler's output that tell why it failed, on one line. */
export function reasonOf(output: string): string {
  const lines = output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !packagePath.test(line) && !line.startsWith("go: downloading "));
  return lines.length === 0 ? "it gave no reason" : lines.slice(-3).join(" | ");
}

const moduleDownload = z.object({ Dir: z.string() });

async function embed(go: Go, { module, path }: NonNullable<GoProgram["embeds"]>, folder: string) {
  const download: unknown = JSON.parse(await go.run(["mod", "download", "-json", module], module));
  await copyFile(join(moduleDownload.parse(download).Dir, path), join(folder, basename(path)));
}

async function sourceFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /^go\.(mod|sum)$|\.go$/.test(name)).sort();
}

async function copySources(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const file of await sourceFiles(from)) await cp(join(from, file), join(to, file));
}
