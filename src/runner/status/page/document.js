// How the page keeps up with the daemon: a document and its deltas, as plain values.

/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */
/** @typedef {import("../statusDocument.ts").StatusDelta} StatusDelta */
/** @typedef {import("../statusDocument.ts").StackDelta} StackDelta */
/** @typedef {import("../statusDocument.ts").RowsDelta} RowsDelta */
/** @typedef {import("../status.ts").StackStatus} StackStatus */
/** @typedef {import("../statusRows.ts").StatusRow} StatusRow */

/**
 * The document that the daemon has now.
 * @param {StatusDocument} before
 * @param {StatusDelta} delta
 * @returns {StatusDocument}
 */
export function applyDelta(before, delta) {
  const known = new Map(before.stacks.map((stack) => [stack.name, stack]));
  return { ...delta, stacks: delta.stacks.map((stack) => applyStack(known.get(stack.name), stack)) };
}

/**
 * @param {StackStatus | undefined} before
 * @param {StackDelta} delta
 * @returns {StackStatus}
 */
function applyStack(before, delta) {
  const updates = new Map(before?.updates.map((update) => [update.id, update]));
  const clusters = new Map(before?.clusters.map((cluster) => [cluster.key, cluster]));
  return {
    ...delta,
    updates: delta.updates.flatMap((update) =>
      typeof update === "number" ? (updates.get(update) ?? []) : update,
    ),
    clusters: delta.clusters.map(({ rows, ...cluster }) => ({
      ...cluster,
      rows: applyRows(clusters.get(cluster.key)?.rows ?? [], rows),
    })),
  };
}

/**
 * @param {readonly StatusRow[]} before
 * @param {RowsDelta | undefined} delta
 * @returns {readonly StatusRow[]}
 */
function applyRows(before, delta) {
  if (delta === undefined) return before;
  const rows = new Map(before.map((row) => [keyOfRow(row), row]));
  for (const key of delta.gone) rows.delete(key);
  const size = rows.size;
  for (const row of delta.set) rows.set(keyOfRow(row), row);
  const all = [...rows.values()];
  // A row that is known keeps its place.
  return rows.size === size ? all : all.sort(byNamespaceAndName);
}

/** @param {StatusRow} row */
function keyOfRow({ namespace, name }) {
  return `${namespace}/${name}`;
}

/**
 * @param {StatusRow} a
 * @param {StatusRow} b
 */
function byNamespaceAndName(a, b) {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name === b.name ? 0 : 1;
}
