// Which rows are shown, and which of them are in sight: pure functions.
import { rowClause, rowWord, STATES } from "./words.js";

/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */
/** @typedef {import("../status.ts").ClusterStatus} ClusterStatus */
/** @typedef {import("../statusRows.ts").StatusRow} StatusRow */
/** @typedef {import("../statusRows.ts").RowState} RowState */

/**
 * A row with its place.
 * @typedef {{ readonly key: string, readonly stack: string, readonly cluster: ClusterStatus, readonly row: StatusRow }} PlacedRow
 */

/**
 * What to show: words that all must be found, a cluster (`stack cluster-key`; "" for all), and states (none: all).
 * @typedef {{ readonly text: string, readonly cluster: string, readonly states: readonly RowState[] }} Filter
 */

/** @type {Filter} */
export const SHOW_ALL = { text: "", cluster: "", states: [] };

/**
 * The id of a cluster on the page: a cluster may be in two stacks.
 * @param {string} stack
 * @param {Pick<ClusterStatus, "key">} cluster
 */
export function clusterId(stack, { key }) {
  return `${stack} ${key}`;
}

/**
 * All rows, cluster after cluster.
 * @param {StatusDocument} document
 * @returns {readonly PlacedRow[]}
 */
export function allRows({ stacks }) {
  return stacks.flatMap(({ name: stack, clusters }) =>
    clusters.flatMap((cluster) =>
      cluster.rows.map((row) => ({
        key: `${stack} ${cluster.key} ${row.namespace}/${row.name}`,
        stack,
        cluster,
        row,
      })),
    ),
  );
}

/** @type {WeakMap<StatusRow, string>} */
const texts = new WeakMap();

/** @param {PlacedRow} placed */
function textOf({ row, cluster }) {
  let text = texts.get(row);
  if (text === undefined) {
    const { namespace, name, roleArn = "", associationId = "" } = row;
    const words = [`${namespace}/${name}`, roleArn, associationId, rowWord(row), rowClause(row) ?? ""];
    text = [...words, cluster.name].join("\n").toLowerCase();
    texts.set(row, text);
  }
  return text;
}

/**
 * The rows that the filter lets through, and how many there are in each state, whatever states it asks for.
 * @param {readonly PlacedRow[]} rows
 * @param {Filter} filter
 */
export function filterRows(rows, { text, cluster, states }) {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = rows.filter(
    (placed) =>
      (cluster === "" || clusterId(placed.stack, placed.cluster) === cluster) &&
      words.every((word) => textOf(placed).includes(word)),
  );
  /** @type {Record<RowState, number>} */
  const counts = { failed: 0, conflict: 0, pending: 0, kept: 0, ignored: 0, "in-sync": 0 };
  for (const { row } of found) counts[row.state] += 1;
  const shown = states.length === 0 ? found : found.filter(({ row }) => states.includes(row.state));
  return { shown, counts };
}

/**
 * The filter as the page's address carries it after `#`, so that a view can be shared.
 * @param {Filter} filter
 */
export function filterToHash({ text, cluster, states }) {
  const parts = new URLSearchParams();
  if (text !== "") parts.set("text", text);
  if (cluster !== "") parts.set("cluster", cluster);
  if (states.length > 0) parts.set("state", states.join(","));
  return parts.toString();
}

/**
 * @param {string} hash with or without its `#`
 * @returns {Filter}
 */
export function filterFromHash(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const asked = (parts.get("state") ?? "").split(",");
  return {
    text: parts.get("text") ?? "",
    cluster: parts.get("cluster") ?? "",
    states: STATES.map(([state]) => state).filter((state) => asked.includes(state)),
  };
}

/** Heights of rows in pixels: on one line or with a clause, on a wide page or on a phone. */
export const HEIGHTS = { wide: { line: 36, clause: 56 }, narrow: { line: 57, clause: 77 } };

/**
 * Where each row begins, in pixels; and, last, where the list ends.
 * @param {readonly PlacedRow[]} rows
 * @param {boolean} narrow
 */
export function topsOf(rows, narrow) {
  const { line, clause } = narrow ? HEIGHTS.narrow : HEIGHTS.wide;
  const tops = [0];
  let top = 0;
  for (const { row } of rows) {
    top += rowClause(row) === undefined ? line : clause;
    tops.push(top);
  }
  return tops;
}

/** Rows beyond the edge that are drawn too, in pixels: scrolling by keys finds them ready. */
const MARGIN = 400;

/**
 * The rows in sight: the first, and the one after the last.
 * @param {readonly number[]} tops
 * @param {number} from what is above, in pixels
 * @param {number} height of what is in sight
 * @returns {readonly [first: number, end: number]}
 */
export function rowsInSight(tops, from, height) {
  const count = tops.length - 1;
  const first = Math.max(0, firstAfter(tops, from - MARGIN) - 1);
  return [Math.min(first, count), Math.min(count, firstAfter(tops, from + height + MARGIN))];
}

/**
 * @param {readonly number[]} tops
 * @param {number} position
 */
function firstAfter(tops, position) {
  let low = 0;
  let high = tops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tops[middle] ?? 0) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
