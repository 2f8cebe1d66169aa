// The running update, and those that have ended, with their logs.
import { chip, element, setChildren } from "./element.js";
import { ago, changesText, lengthOf, updateTitle } from "./words.js";

/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */
/** @typedef {import("../status.ts").UpdateRecord} UpdateRecord */

/** @type {Readonly<Record<string, readonly [state: string, word: string]>>} */
const RESULTS = {
  succeeded: ["in-sync", "Succeeded"],
  failed: ["failed", "Failed"],
  canceled: ["conflict", "Canceled"],
  locked: ["conflict", "Locked"],
};

/** Shows updates, the running one first; one that is open stays open. */
export function updateList() {
  /** @type {Map<string, ReturnType<typeof updateItem>>} */
  const items = new Map();
  /**
   * @param {Element} parent
   * @param {StatusDocument} document
   */
  return (parent, { stacks, now }) => {
    const several = stacks.length > 1;
    const all = stacks
      .flatMap(({ name: stack, running, updates }) =>
        [...(running === undefined ? [] : [running]), ...updates].map((update) => ({ stack, update })),
      )
      .sort((a, b) => b.update.startedAt - a.update.startedAt);
    const seen = new Set();
    const wanted = all.map(({ stack, update }) => {
      const key = `${stack} ${update.id}`;
      seen.add(key);
      const item = items.get(key) ?? updateItem();
      items.set(key, item);
      item.show(update, several ? stack : "", now);
      return item.details;
    });
    for (const key of items.keys()) if (!seen.has(key)) items.delete(key);
    setChildren(parent, wanted.length === 0 ? [empty] : wanted);
  };
}

const empty = element("p", { class: "quiet" }, "None yet.");

function updateItem() {
  const summary = element("summary");
  const log = element("pre", { tabindex: "0", "aria-label": "Log" });
  const details = element("details", { class: "update" }, summary, log);
  /** @type {UpdateRecord | undefined} */
  let shown;
  const showLog = () => {
    if (shown === undefined || !details.open) return;
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    const dropped = shown.dropped === 0 ? [] : [`... ${shown.dropped} lines before`];
    const text = [...dropped, ...shown.log].join("\n");
    if (log.textContent !== text) log.textContent = text === "" ? "(no output)" : text;
    if (atEnd) log.scrollTop = log.scrollHeight;
  };
  details.addEventListener("toggle", showLog);
  return {
    details,
    /**
     * @param {UpdateRecord} update
     * @param {string} stack
     * @param {number} now
     */
    show(update, stack, now) {
      const { endedAt, startedAt, result } = update;
      const [state, word] =
        result === undefined ? ["pending", "Running"] : (RESULTS[result] ?? ["plain", result]);
      const took = lengthOf((endedAt ?? now) - startedAt);
      const when = endedAt === undefined ? `for ${took}` : `${ago(endedAt, now)}, took ${took}`;
      summary.replaceChildren(
        element(
          "span",
          { class: "line" },
          element("strong", {}, endedAt === undefined ? "Running now" : changesText(update)),
          chip(state, word),
        ),
        element("span", { class: "quiet" }, `${updateTitle(update)}${stack === "" ? "" : ` · ${stack}`}`),
        element("span", { class: "quiet" }, when),
        ...(update.error === undefined ? [] : [element("span", { class: "trouble" }, update.error)]),
      );
      if (shown === update) return;
      shown = update;
      showLog();
    },
  };
}
