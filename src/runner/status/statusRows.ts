import { keyOf, type ServiceAccountRef } from "../../model/serviceAccount.ts";
import { byNamespaceAndName } from "../../plan/row.ts";
import type { Action, Cause, Decision } from "../../plan/types.ts";
import type { AssociationChange } from "../types.ts";

/** How a ServiceAccount stands: in sync, about to be changed, refused by AWS, or left as it is. */
export type RowState = "in-sync" | "pending" | "failed" | "conflict" | "kept" | "ignored";

/** One ServiceAccount, or an association without one, as the status page shows it. */
export interface StatusRow extends ServiceAccountRef {
  readonly state: RowState;
  readonly action: Action;
  /** One clause for people. It may quote what a user wrote into an annotation. */
  readonly reason: string;
  readonly cause?: Cause;
  readonly roleArn?: string;
  readonly associationId?: string;
  /** True where the reason holds a warning although it is carried out. */
  readonly warns?: boolean;
  /** What AWS or the engine said to the last change, until one succeeds. */
  readonly error?: string;
}

const STATES: Readonly<Record<Action, RowState>> = {
  create: "pending",
  adopt: "pending",
  update: "pending",
  delete: "pending",
  purge: "pending",
  unchanged: "in-sync",
  keep: "kept",
  conflict: "conflict",
  ignore: "ignored",
};

/**
 * The rows of a new plan. A row that is as before stays the same object, so
 * that what is new can be told at a glance; a failure is shown until it is over.
 */
export function rowsOfPlan(
  decisions: readonly Decision[],
  before: readonly StatusRow[],
): readonly StatusRow[] {
  const known = new Map(before.map((row) => [keyOf(row), row]));
  return decisions.map((decision) => {
    const row = rowOf(decision);
    const old = known.get(keyOf(decision));
    if (old === undefined) return row;
    const shown: StatusRow =
      old.error !== undefined && row.state === "pending"
        ? { ...row, state: "failed", error: old.error }
        : row;
    return isSame(old, shown) ? old : shown;
  });
}

function rowOf(decision: Decision): StatusRow {
  const { namespace, name, action, reason, cause, roleArn, associationId, warns } = decision;
  return {
    namespace,
    name,
    state: STATES[action],
    action,
    reason,
    ...(cause === undefined ? {} : { cause }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(associationId === undefined ? {} : { associationId }),
    ...(warns === undefined ? {} : { warns }),
  };
}

const FIELDS = [
  "state",
  "action",
  "reason",
  "cause",
  "roleArn",
  "associationId",
  "warns",
  "error",
] as const satisfies readonly (keyof StatusRow)[];

function isSame(a: StatusRow, b: StatusRow): boolean {
  return FIELDS.every((field) => a[field] === b[field]);
}

/** The rows after an update changed one association; the next plan says it in its own words. */
export function rowsAfterChange(rows: readonly StatusRow[], change: AssociationChange): readonly StatusRow[] {
  const index = indexOf(rows, change);
  const row = rows[index];
  if (row === undefined) return rows;
  const after = rowAfter(row, change);
  return after === undefined ? rows.toSpliced(index, 1) : rows.with(index, after);
}

/** Undefined where there is nothing left to say. */
function rowAfter(row: StatusRow, change: AssociationChange): StatusRow | undefined {
  const { operation, associationId, roleArn, error = "failed" } = change;
  if (operation === "failed") return { ...row, state: "failed", error };
  const { error: _, associationId: old, ...rest } = row;
  if (operation !== "deleted") {
    const id = associationId ?? old;
    return {
      ...rest,
      state: "in-sync",
      action: "unchanged",
      reason: `${operation}, as annotated`,
      ...(id === undefined ? {} : { associationId: id }),
      ...(roleArn === undefined ? {} : { roleArn }),
    };
  }
  return row.cause === "restricted_role" ? { ...rest, state: "ignored", action: "ignore" } : undefined;
}

/** By halves: rows are sorted, and an update may change a thousand of them. */
function indexOf(rows: readonly StatusRow[], ref: ServiceAccountRef): number {
  let low = 0;
  let high = rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    const order = row === undefined ? 0 : byNamespaceAndName(row, ref);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return rows.length;
}
