import { readFile } from "node:fs/promises";
import type { Answer } from "./answer.ts";

const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
} as const;

/** The status page's files in page/, and where they are served. */
const FILES: readonly (readonly [path: string, file: string, type: keyof typeof TYPES])[] = [
  ["/", "index.html", "html"],
  ["/page/page.css", "page.css", "css"],
  ["/page/icon.svg", "icon.svg", "svg"],
  ["/page/page.js", "page.js", "js"],
  ["/page/connection.js", "connection.js", "js"],
  ["/page/details.js", "details.js", "js"],
  ["/page/document.js", "document.js", "js"],
  ["/page/element.js", "element.js", "js"],
  ["/page/overview.js", "overview.js", "js"],
  ["/page/rowList.js", "rowList.js", "js"],
  ["/page/rows.js", "rows.js", "js"],
  ["/page/updates.js", "updates.js", "js"],
  ["/page/words.js", "words.js", "js"],
];

/** The status page, by path. */
export async function readPage(): Promise<ReadonlyMap<string, Answer>> {
  const answers = FILES.map(async ([path, file, type]) => {
    const body = await readFile(new URL(`page/${file}`, import.meta.url), "utf8");
    return [path, { status: 200, type: TYPES[type], body }] as const;
  });
  return new Map(await Promise.all(answers));
}
