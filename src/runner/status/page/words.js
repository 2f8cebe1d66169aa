// The words of the page: pure functions of plain values.

/** @typedef {import("../statusRows.ts").RowState} RowState */
/** @typedef {import("../statusRows.ts").StatusRow} StatusRow */
/** @typedef {import("../status.ts").UpdateRecord} UpdateRecord */
/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */
/** @typedef {import("../status.ts").ClusterStatus} ClusterStatus */

/**
 * The states in the order in which they matter, with their words.
 * @type {readonly (readonly [RowState, string])[]}
 */
export const STATES = [
  ["failed", "Failed"],
  ["conflict", "Conflict"],
  ["pending", "Pending"],
  ["kept", "Kept"],
  ["ignored", "Ignored"],
  ["in-sync", "In sync"],
];

const STATE_WORDS = new Map(STATES);

/** @type {Readonly<Partial<Record<import("../../../plan/types.ts").Cause, string>>>} */
const CAUSES = {
  excluded: "Excluded",
  restricted_role: "Restricted",
  invalid: "Invalid",
  untrusted_role: "Untrusted",
  addon: "Add-on's",
  external: "External",
  blocked: "Held",
};

/** @type {Readonly<Partial<Record<import("../../../plan/types.ts").Action, string>>>} */
const ACTIONS = {
  create: "To create",
  adopt: "To adopt",
  update: "To update",
  delete: "To delete",
  purge: "To purge",
};

/**
 * A state in one word.
 * @param {RowState} state
 */
export function stateWord(state) {
  return STATE_WORDS.get(state) ?? state;
}

/**
 * What a row's label says: the cause or the action where that is closer than the state.
 * @param {StatusRow} row
 */
export function rowWord({ state, cause, action }) {
  if (state === "pending") return ACTIONS[action] ?? stateWord(state);
  if ((state === "ignored" || state === "kept") && cause !== undefined)
    return CAUSES[cause] ?? stateWord(state);
  return stateWord(state);
}

/**
 * The clause under a row; undefined where there is nothing to add.
 * @param {StatusRow} row
 */
export function rowClause({ state, reason, error, warns }) {
  if (error !== undefined) return error;
  return state === "in-sync" && warns !== true ? undefined : reason;
}

/**
 * The role without what all roles begin with.
 * @param {string | undefined} arn
 */
export function roleName(arn) {
  return arn?.replace(/^arn:[^:]*:iam::\d*:role\//, "");
}

/**
 * A length of time in its largest fitting unit.
 * @param {number} milliseconds
 */
export function lengthOf(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/**
 * How long ago a time was.
 * @param {number} at
 * @param {number} now
 */
export function ago(at, now) {
  return now - at < 1500 ? "just now" : `${lengthOf(Math.round((now - at) / 1000) * 1000)} ago`;
}

/** @type {Readonly<Record<string, string>>} */
const OPERATIONS = {
  create: "created",
  update: "updated",
  delete: "deleted",
  import: "imported",
  replace: "replaced",
  read: "read",
  refresh: "refreshed",
};

/**
 * What an update did, in words; what stayed the same is left out.
 * @param {Pick<UpdateRecord, "changes" | "kind">} update
 */
export function changesText({ changes = {}, kind }) {
  const parts = Object.entries(changes)
    .filter(([operation, count]) => operation !== "same" && count > 0)
    .map(([operation, count]) => `${count} ${OPERATIONS[operation] ?? operation}`);
  if (parts.length === 0) return "Nothing changed";
  return `${kind === "preview" ? "would be: " : ""}${parts.join(", ")}`;
}

/** @type {Readonly<Record<string, string>>} */
const TRIGGERS = {
  start: "at start",
  interval: "on the interval",
  change: "after a change",
  configuration: "new configuration",
  retry: "again",
};

/**
 * What kind of update, and why it took place.
 * @param {Pick<UpdateRecord, "kind" | "trigger" | "targets">} update
 */
export function updateTitle({ kind, trigger, targets }) {
  const what = kind === "preview" ? "Preview" : "Update";
  const of = targets === undefined ? "full" : `${targets} ${targets === 1 ? "association" : "associations"}`;
  return `${what}, ${of}, ${TRIGGERS[trigger] ?? trigger}`;
}

/**
 * How a cluster stands, as a state and a word.
 * @param {ClusterStatus} cluster
 * @param {number} now
 * @param {number} intervalMs
 * @returns {{ state: "in-sync" | "pending" | "failed" | "conflict", word: string }}
 */
export function clusterWord({ blocked, watch, inSyncAt, plannedAt, rows }, now, intervalMs) {
  if (blocked !== undefined) return { state: "failed", word: "Blocked" };
  if (plannedAt === undefined) return { state: "pending", word: "Starting" };
  if (rows.some(({ state }) => state === "failed")) return { state: "failed", word: "Failed" };
  if (watch !== undefined && watch.state !== "live") return { state: "conflict", word: "Not watched" };
  if (inSyncAt === undefined) return { state: "pending", word: "Syncing" };
  if (now - inSyncAt > 3 * intervalMs) return { state: "failed", word: "Out of sync" };
  return rows.some(({ state }) => state === "pending")
    ? { state: "pending", word: "Pending" }
    : { state: "in-sync", word: "In sync" };
}

/**
 * A number with thin spaces between its thousands.
 * @param {number} number
 */
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/**
 * What is wrong, each with its place: why the daemon is not healthy, and what could not be read just now.
 * @param {Pick<StatusDocument, "reasons" | "stacks">} document
 */
export function alarmsOf({ reasons, stacks }) {
  const unhealthy = reasons.map(({ stack, cluster, message }) => ({ place: cluster ?? stack, message }));
  const known = new Set(unhealthy.map(({ message }) => message));
  const problems = stacks.flatMap(({ name, problems }) =>
    problems.map(({ where, message }) => ({ place: name, message: `${where}: ${message}` })),
  );
  return [...unhealthy, ...problems.filter(({ message }) => !known.has(message))];
}
