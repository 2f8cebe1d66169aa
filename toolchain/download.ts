import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../src/model/userError.ts";
import { errorCode } from "./cache.ts";
import { findChecksum } from "./checksums.ts";
import type { Platform } from "./platform.ts";
import type { Report } from "./progress.ts";
import type { Release } from "./tools.ts";

/** What a download came to; `unavailable` is for the next source to make good. */
export type DownloadResult =
  | { readonly kind: "done" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** How long a download may stand still, in ms. */
export interface DownloadPatience {
  /** Until the host has answered with headers. */
  readonly answer: number;
  /** Between two pieces of the body. */
  readonly stall: number;
}

const defaultPatience: DownloadPatience = { answer: 4_000, stall: 20_000 };

/** The folder for the archive itself while it is unpacked beside it; no release has one of this name. */
const archiveFolder = ".archive";

/** An asset that can't be had; never a wrong checksum. */
class Unavailable extends Error {}

/** Official releases on one host, which is not asked again once it could not be reached. */
export class Downloads {
  readonly #base: string;
  readonly #patience: DownloadPatience;
  #unreachable: string | undefined;

  /** @param base the host's URL, laid out like https://github.com. */
  constructor(base: string, patience: DownloadPatience = defaultPatience) {
    this.#base = base;
    this.#patience = patience;
  }

  /** The host, as people name it. */
  get host(): string {
    return new URL(this.#base).host;
  }

  /** Why the host is not asked any more; undefined as long as it has answered. */
  get unreachable(): string | undefined {
    return this.#unreachable;
  }

  /** Asks the host for anything at all, to see whether it can be reached. */
  async reach(): Promise<void> {
    await this.#ask(this.#base, new AbortController(), { method: "HEAD", redirect: "manual" }).catch(
      () => {},
    );
  }

  /**
   * Downloads a release's archive, checks it against the published checksum and unpacks it into `folder`.
   *
   * @throws UserError where the checksum is another than the published one.
   */
  async unpack(
    release: Release,
    platform: Platform,
    folder: string,
    report: Report,
  ): Promise<DownloadResult> {
    try {
      await mkdir(join(folder, archiveFolder));
      const archive = await this.#download(release, platform, join(folder, archiveFolder), report);
      report.status("unpacking");
      const tar = await import("tar");
      await tar.extract({ file: archive, cwd: folder, strip: release.strip });
      await rm(join(folder, archiveFolder), { recursive: true });
      return { kind: "done" };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return { kind: "unavailable", reason: error.message };
    }
  }

  async #download(release: Release, platform: Platform, folder: string, report: Report): Promise<string> {
    const asset = release.archive(platform);
    const assets = `${this.#base}/${release.project}/releases/download/${release.tag}`;
    const checksumsUrl = `${assets}/${release.checksums(platform)}`;
    report.status(`downloading ${asset}`);
    const list = await this.#readText(checksumsUrl);
    const published = findChecksum(list, asset);
    if (published === undefined) throw new Unavailable(`${checksumsUrl} does not list ${asset}`);

    const file = join(folder, asset);
    const hash = createHash(published.algorithm);
    const hashed = async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    };
    await pipeline(this.#read(`${assets}/${asset}`, report), hashed, createWriteStream(file));
    if (hash.digest("hex") === published.hash) return file;
    throw new UserError(
      `${assets}/${asset} does not match its published ${published.algorithm} checksum, so it is not used: try again, or set EKS_POD_IDENTITY_SYNC_DOWNLOADS=off to build from Go modules.`,
    );
  }

  async #readText(url: string): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#read(url)) pieces.push(piece);
    return Buffer.concat(pieces).toString("utf8");
  }

  /** The body of a URL, piece by piece; given up where it breaks off or stands still. */
  async *#read(url: string, report?: Report): AsyncGenerator<Uint8Array> {
    const abort = new AbortController();
    const response = await this.#ask(url, abort);
    const timer = setTimeout(() => abort.abort(), this.#patience.stall);
    try {
      if (!response.ok) throw new Unavailable(`${url} answered ${response.status}`);
      const total = Number(response.headers.get("content-length") ?? 0);
      let received = 0;
      for await (const piece of response.body ?? []) {
        timer.refresh();
        received += piece.byteLength;
        report?.status(`downloading, ${inMegabytes(received, total)}`);
        yield piece;
      }
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      throw new Unavailable(`${url} broke off`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The host's answer; a host that gives none in time is not asked again. */
  async #ask(url: string, abort: AbortController, init: RequestInit = {}): Promise<Response> {
    if (this.#unreachable !== undefined) throw new Unavailable(this.#unreachable);
    const timer = setTimeout(() => abort.abort(), this.#patience.answer);
    try {
      return await fetch(url, { ...init, signal: abort.signal });
    } catch (error) {
      const cause = error instanceof Error ? errorCode(error.cause) : undefined;
      this.#unreachable = abort.signal.aborted
        ? `${this.host} did not answer within ${this.#patience.answer / 1000} s`
        : `${this.host} can't be reached${cause === undefined ? "" : ` (${cause})`}`;
      throw new Unavailable(this.#unreachable);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** `3 of 120 MB`; a total of 0 is an unknown one. */
function inMegabytes(received: number, total: number): string {
  const megabytes = (bytes: number) => (bytes / 1_000_000).toFixed(0);
  return total === 0 ? `${megabytes(received)} MB` : `${megabytes(received)} of ${megabytes(total)} MB`;
}
