// What stands above and beside the list: badges, what is wrong, and the clusters.
import { chip, element, setChildren } from "./element.js";
import { clusterId } from "./rows.js";
import { ago, alarmsOf, clusterWord, grouped, STATES, stateWord } from "./words.js";

/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */
/** @typedef {import("../status.ts").ClusterStatus} ClusterStatus */

/**
 * Health, and how this process takes part.
 * @param {Element} parent
 * @param {StatusDocument} document
 */
export function showBadges(parent, { reasons, dry, leading }) {
  const badges = [reasons.length === 0 ? chip("in-sync", "Healthy") : chip("failed", "Not healthy")];
  if (leading !== undefined) badges.push(leading ? chip("plain", "Leader") : chip("pending", "Standing by"));
  if (dry) badges.push(chip("conflict", "Dry run: nothing is changed"));
  parent.replaceChildren(...badges);
}

const MOST_ALARMS = 8;

/**
 * Why the daemon is not healthy, and what could not be read.
 * @param {HTMLElement} parent
 * @param {StatusDocument} document
 */
export function showAlarms(parent, document) {
  const alarms = alarmsOf(document);
  const more = alarms.length - MOST_ALARMS;
  const lines = alarms
    .slice(0, MOST_ALARMS)
    .map(({ place, message }) => element("li", {}, element("strong", {}, place), ` ${message}`));
  if (more > 0) lines.push(element("li", {}, `and ${more} more`));
  const text = lines.map((line) => line.textContent).join("");
  parent.hidden = lines.length === 0;
  if (parent.textContent !== text) parent.replaceChildren(element("ul", {}, ...lines));
}

/**
 * The clusters, as buttons that show their rows alone.
 * @param {(id: string) => void} onSelect given "" where the cluster was shown alone already
 */
export function clusterList(onSelect) {
  /** @type {Map<string, HTMLLIElement>} */
  const items = new Map();
  /**
   * @param {Element} parent
   * @param {StatusDocument} document
   * @param {string} selected
   */
  return (parent, document, selected) => {
    const several = document.stacks.length > 1;
    const wanted = document.stacks.flatMap(({ name: stack, clusters }) =>
      clusters.map((cluster) => {
        const id = clusterId(stack, cluster);
        const item = items.get(id) ?? clusterItem(() => onSelect(id));
        items.set(id, item);
        const button = item.firstElementChild;
        button?.setAttribute("aria-pressed", String(id === selected));
        button?.replaceChildren(...clusterParts(several ? stack : "", cluster, document));
        return item;
      }),
    );
    if (wanted.length === 0) wanted.push(element("li", { class: "quiet" }, "No cluster has been read yet."));
    setChildren(parent, wanted);
  };
}

/** @param {() => void} onSelect */
function clusterItem(onSelect) {
  const button = element("button", { type: "button", class: "cluster" });
  button.addEventListener("click", onSelect);
  return element("li", {}, button);
}

/**
 * @param {string} stack
 * @param {ClusterStatus} cluster
 * @param {StatusDocument} document
 */
function clusterParts(stack, cluster, { now, intervalMs }) {
  const { state, word } = clusterWord(cluster, now, intervalMs);
  const { inSyncAt, watch, blocked } = cluster;
  const trouble = blocked ?? (watch?.state === "connecting" ? watch.reason : undefined);
  const place = [cluster.region, cluster.account, ...(stack === "" ? [] : [`stack ${stack}`])].join(" · ");
  return [
    element("span", { class: "line" }, element("strong", {}, cluster.name), chip(state, word)),
    element("span", { class: "line quiet" }, element("span", {}, place), synced(inSyncAt, now)),
    counts(cluster),
    ...(trouble === undefined ? [] : [element("span", { class: "trouble" }, trouble)]),
  ];
}

/** @param {ClusterStatus} cluster */
function counts({ rows }) {
  const parts = STATES.flatMap(([state]) => {
    const count = rows.filter((row) => row.state === state).length;
    return count === 0 ? [] : [`${grouped(count)} ${stateWord(state).toLowerCase()}`];
  });
  return element("span", { class: "counts" }, parts.length === 0 ? "no ServiceAccount" : parts.join(", "));
}

/**
 * @param {number | undefined} at
 * @param {number} now
 */
function synced(at, now) {
  return element("span", {}, at === undefined ? "never in sync" : `in sync ${ago(at, now)}`);
}
