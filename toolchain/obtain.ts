import { copyFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../src/model/userError.ts";
import { buildPrograms } from "./build.ts";
import { fillFolder } from "./cache.ts";
import type { Downloads } from "./download.ts";
import { buildFolder, type FoundTool, holdsTools, modulesFolder, releaseFolder, toolsIn } from "./lookup.ts";
import type { Report } from "./progress.ts";
import type { ToolchainSettings } from "./settings.ts";
import type { GroupBuild, ToolGroup } from "./tools.ts";

/**
 * Gets a group's tools into the cache: downloaded, else built from Go modules.
 *
 * @param downloads undefined where they are switched off.
 * @returns undefined where they can't be had here (only the aws plugin has no build).
 * @throws UserError where the archive's checksum is wrong, Go is missing or a build fails.
 */
export async function obtain(
  group: ToolGroup,
  settings: ToolchainSettings,
  downloads: Downloads | undefined,
  report: Report,
): Promise<readonly FoundTool[] | undefined> {
  if (downloads !== undefined && downloads.unreachable === undefined) {
    const folder = releaseFolder(group, settings);
    if (await download(group, folder, settings, downloads, report)) {
      return toolsIn(folder, group, "downloaded");
    }
  }
  const folder = await buildFolder(group, settings);
  if (folder === undefined || group.build === undefined) return undefined;
  await build(group.title, group.build, folder, settings, () => holdsTools(folder, group), report);
  return toolsIn(folder, group, "built");
}

async function download(
  group: ToolGroup,
  folder: string,
  settings: ToolchainSettings,
  downloads: Downloads,
  report: Report,
): Promise<boolean> {
  return fillFolder(
    folder,
    () => holdsTools(folder, group),
    async (emptyFolder) => {
      const result = await downloads.unpack(group.release, settings.platform, emptyFolder, report);
      if (result.kind === "unavailable") {
        report.notice(result.reason);
        return false;
      }
      if (await holdsTools(emptyFolder, group)) return true;
      throw new UserError(
        `The official archive of ${group.title} does not hold ${group.tools.map((tool) => tool.file).join(" and ")}: set EKS_POD_IDENTITY_SYNC_DOWNLOADS=off to build from Go modules.`,
      );
    },
    report,
  );
}

async function build(
  title: string,
  { programs, scripts = [] }: GroupBuild,
  folder: string,
  settings: ToolchainSettings,
  complete: () => Promise<boolean>,
  report: Report,
): Promise<void> {
  await fillFolder(
    folder,
    complete,
    async (emptyFolder) => {
      const place = {
        title,
        modules: modulesFolder(settings),
        output: emptyFolder,
        log: join(settings.cacheFolder, "logs", `${basename(dirname(folder))}.log`),
        platform: settings.platform,
        path: settings.path,
      };
      await buildPrograms(programs, place, report);
      for (const script of scripts) {
        await copyFile(join(settings.checkout, "node_modules", script), join(emptyFolder, basename(script)));
      }
      return true;
    },
    report,
  );
}
