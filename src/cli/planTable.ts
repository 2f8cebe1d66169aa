import Table from "cli-table3";
import type pc from "picocolors";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { parseRoleArn } from "../model/roleArn.ts";
import { keyOf } from "../model/serviceAccount.ts";
import { countActions } from "../plan/summary.ts";
import type { Action, ClusterPlan, Decision } from "../plan/types.ts";
import type { SnapshotPlan } from "../snapshot/plan.ts";

type Colors = ReturnType<typeof pc.createColors>;

/** How a plan is shown. */
export interface TableOptions {
  /** Columns of the terminal; undefined where there is none: then nothing is wrapped. */
  readonly width?: number;
  readonly colors: Colors;
  /** List what is unchanged, too; otherwise it is only counted. */
  readonly all: boolean;
}

/** The plan for people: a table for each cluster, and a closing line with counts. */
export function planTable({ plans, notSelected }: SnapshotPlan, options: TableOptions): string {
  const sections = [
    ...plans.map((plan) => clusterSection(plan, options)),
    ...notSelected.map((ref) => notSelectedLine(ref, options)),
    closingLine(plans),
  ];
  return sections.join("\n\n");
}

function clusterSection(plan: ClusterPlan, options: TableOptions): string {
  const { colors, all } = options;
  const shown = plan.decisions.filter(({ action }) => all || action !== "unchanged");
  const hidden = plan.decisions.length - shown.length;
  const lines = [colors.bold(clusterKey(plan.cluster))];
  if (plan.blocked !== undefined) lines.push(`${INDENT}${colors.red("blocked:")} ${plan.blocked}`);
  if (shown.length > 0) lines.push(rows(shown, plan.cluster, options));
  if (plan.decisions.length === 0 && plan.blocked === undefined)
    lines.push(`${INDENT}no associations, and none wanted`);
  if (hidden > 0) lines.push(colors.dim(`${INDENT}${hidden} unchanged (--all lists them)`));
  return lines.join("\n");
}

function notSelectedLine(ref: ClusterRef, { colors }: TableOptions): string {
  return `${colors.bold(clusterKey(ref))}\n${INDENT}no entry of the configuration selects it: nothing would change`;
}

const HEAD = ["action", "ServiceAccount", "role", "reason"] as const;
const INDENT = "  ";
const GAP = "  ";

const EDGES = ["top", "bottom", "mid", "left-mid", "mid-mid", "right-mid", "right"] as const;
const CORNERS = ["top-mid", "top-left", "top-right", "bottom-mid", "bottom-left", "bottom-right"] as const;
const noLines = Object.fromEntries([...EDGES, ...CORNERS].map((place) => [place, ""]));

// cli-table3 looks at all rows before each cell it lays out; in parts, thousands of rows take no longer each than ten.
const ROWS_AT_A_TIME = 50;

function rows(decisions: readonly Decision[], cluster: ClusterRef, { colors, width }: TableOptions): string {
  const cells = decisions.map((decision) => [
    decision.action,
    keyOf(decision),
    roleText(decision.roleArn, cluster),
    decision.reason,
  ]);
  const widths = columnWidths([HEAD, ...cells], width);
  const paint = actionColors(colors);
  const lines = [
    HEAD.map(colors.dim),
    ...decisions.map(({ action }, index) =>
      (cells[index] ?? []).map((cell, column) => {
        const broken = breakWords(cell, widths[column] ?? cell.length);
        return column === 0 ? paint[action](broken) : broken;
      }),
    ),
  ];
  const parts: string[] = [];
  for (let start = 0; start < lines.length; start += ROWS_AT_A_TIME) {
    parts.push(laidOut(lines.slice(start, start + ROWS_AT_A_TIME), widths));
  }
  return parts.join("\n");
}

function laidOut(lines: readonly string[][], colWidths: number[]): string {
  const table = new Table({
    chars: { ...noLines, left: INDENT, middle: GAP },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colWidths,
    wordWrap: true,
  });
  table.push(...lines);
  return table.toString().replaceAll(/ +$/gm, "");
}

/** A role of the cluster's own account by its name, any other by its ARN. */
function roleText(roleArn: string | undefined, cluster: ClusterRef): string {
  if (roleArn === undefined) return "-";
  const role = parseRoleArn(roleArn);
  return role?.account === cluster.account ? role.name : roleArn;
}

// Narrower than this a table is not readable any more.
const LEAST_WIDTH = 60;

/** Widths that fit `width`: names keep theirs as long as a third of the line remains for the reasons, which wrap well. */
function columnWidths(cells: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): number[] {
  const natural = HEAD.map((_, column) => longest(cells.map((row) => row[column] ?? "")));
  const [action = 0, account = 0, role = 0, reason = 0] = natural;
  const room = Math.max(width, LEAST_WIDTH) - INDENT.length - GAP.length * (HEAD.length - 1) - action;
  const names = room - Math.min(reason, Math.floor(room / 3));
  const accountWidth = Math.min(account, Math.max(names - role, Math.floor(names / 2)));
  const roleWidth = Math.min(role, names - accountWidth);
  return [action, accountWidth, roleWidth, Math.min(reason, room - accountWidth - roleWidth)];
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 0);
}

/** Breaks words that are longer than a line, which cli-table3 would cut off: ARNs, for one. */
function breakWords(text: string, width: number): string {
  return text.replaceAll(new RegExp(`\\S{${width}}(?=\\S)`, "g"), "$&\n");
}

function actionColors(colors: Colors): Readonly<Record<Action, (text: string) => string>> {
  return {
    create: colors.green,
    adopt: colors.cyan,
    update: colors.yellow,
    unchanged: colors.dim,
    keep: colors.dim,
    delete: colors.red,
    purge: colors.red,
    conflict: colors.magenta,
    ignore: colors.dim,
  };
}

const COUNTED: readonly (readonly [Action, string])[] = [
  ["create", "to create"],
  ["adopt", "to adopt"],
  ["update", "to update"],
  ["delete", "to delete"],
  ["purge", "to purge"],
  ["unchanged", "unchanged"],
  ["keep", "kept"],
  ["conflict", "in conflict"],
  ["ignore", "ignored"],
];
const CHANGES: ReadonlySet<Action> = new Set<Action>(["create", "adopt", "update", "delete", "purge"]);

function closingLine(plans: readonly ClusterPlan[]): string {
  if (plans.length === 0) return "The configuration selects no cluster of the snapshot: nothing to plan.";
  const counts = countActions(plans);
  const present = COUNTED.filter(([action]) => counts[action] > 0);
  const blocked = plans.filter((plan) => plan.blocked !== undefined).length;
  const parts = [
    ...(present.some(([action]) => CHANGES.has(action)) ? [] : ["nothing to change"]),
    ...present.map(([action, words]) => `${counts[action]} ${words}`),
    ...(blocked === 0 ? [] : [`${blocked} of ${plans.length} clusters blocked`]),
  ];
  return `Plan: ${parts.join(", ")}.`;
}
