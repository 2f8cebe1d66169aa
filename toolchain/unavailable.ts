import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { releaseFolder } from "./lookup.ts";
import type { ToolchainSettings } from "./settings.ts";
import type { ToolGroup } from "./tools.ts";

/** How long (ms) a download that failed is not tried again. */
const unavailableFor = 24 * 60 * 60 * 1000;

const unavailableNote = z.object({ from: z.string(), since: z.number() });

/**
 * Whether a group could not be downloaded from the present host within the last day. A group that can't be built
 * either would otherwise cost each start the time-out.
 *
 * @param now in ms since 1970.
 */
export async function isRememberedUnavailable(
  group: ToolGroup,
  settings: ToolchainSettings,
  now: number,
): Promise<boolean> {
  try {
    const note = unavailableNote.parse(JSON.parse(await readFile(noteFile(group, settings), "utf8")));
    return note.from === sourceOf(settings) && now - note.since < unavailableFor;
  } catch {
    // No note, or not one of this version: the download is tried.
    return false;
  }
}

/** Notes that a group could not be downloaded from the present host. */
export async function rememberUnavailable(group: ToolGroup, settings: ToolchainSettings, now: number) {
  const file = noteFile(group, settings);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ from: sourceOf(settings), since: now }));
}

function noteFile(group: ToolGroup, settings: ToolchainSettings): string {
  return `${releaseFolder(group, settings)}.unavailable.json`;
}

function sourceOf({ downloads }: ToolchainSettings): string {
  return downloads === "off" ? "off" : downloads.base;
}
