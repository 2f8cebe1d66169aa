import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { detailedExitCode } from "../../src/cli/planCommand.ts";
import { planTable, type TableOptions } from "../../src/cli/planTable.ts";
import type { ClusterPlan, Decision } from "../../src/plan/types.ts";
import { cluster, roleArn } from "./planFixtures.ts";

const plain: TableOptions = { colors: pc.createColors(false), all: false };

function decision(action: Decision["action"], name: string, rest: Partial<Decision> = {}): Decision {
  return { namespace: "shop", name, action, reason: `because ${action}`, ...rest };
}

const blue: ClusterPlan = {
  cluster,
  decisions: [
    decision("create", "api", { roleArn: roleArn("reader") }),
    decision("unchanged", "same"),
    decision("ignore", "worker", { roleArn: "arn:aws:iam::999999999999:role/team/far" }),
  ],
};

function table(plans: readonly ClusterPlan[], options: Partial<TableOptions> = {}): string {
  return planTable({ plans, notSelected: [] }, { ...plain, ...options });
}

test("lists what happens to each ServiceAccount, by cluster, and counts it", () => {
  const green = { ...cluster, name: "green" };
  const held = { cluster: green, decisions: [], blocked: "ServiceAccounts not listed: HTTP 403" };
  const notSelected = [{ ...cluster, name: "red" }];
  expect(planTable({ plans: [blue, held], notSelected }, plain)).toBe(`111122223333/eu-west-1/blue
  action  ServiceAccount  role                                     reason
  create  shop/api        reader                                   because create
  ignore  shop/worker     arn:aws:iam::999999999999:role/team/far  because ignore
  1 unchanged (--all lists them)

111122223333/eu-west-1/green
  blocked: ServiceAccounts not listed: HTTP 403

111122223333/eu-west-1/red
  no entry of the configuration selects it: nothing would change

Plan: 1 to create, 1 unchanged, 1 ignored, 1 of 2 clusters blocked.`);
});

test("lists what is unchanged where that is asked for", () => {
  const shown = table([blue], { all: true });
  expect(shown).toMatch(/^ {2}unchanged {2}shop\/same +- +because unchanged$/m);
  expect(shown).not.toContain("--all");
});

test.each([
  ["no cluster", [], "The configuration selects no cluster of the snapshot: nothing to plan."],
  ["an empty cluster", [{ cluster, decisions: [] }], "Plan: nothing to change."],
  [
    "nothing but what is as it should be",
    [{ cluster, decisions: [decision("unchanged", "a"), decision("conflict", "b")] }],
    "Plan: nothing to change, 1 unchanged, 1 in conflict.",
  ],
])("says that there is nothing to do: %s", (_what, plans, closing) => {
  expect(table(plans).split("\n").at(-1)).toBe(closing);
});

describe("in a terminal", () => {
  const reason = "annotated, but a-1 stands there: made by somebody else (team=payments, stage=production)";
  const long: ClusterPlan = {
    cluster,
    decisions: [
      decision("conflict", "a-rather-long-name-of-a-service-account", {
        roleArn: `arn:aws:iam::999999999999:role/${"path/".repeat(12)}name`,
        reason: `${reason}; arn:aws:eks:eu-west-1:111122223333:podidentityassociation/blue/a-1234567890abcdef0`,
      }),
      decision("create", "b"),
    ],
  };

  test.each([60, 80, 120, 200])("fits %i columns and cuts nothing off", (width) => {
    const shown = table([long], { width, colors: pc.createColors(true) });
    const lines = stripVTControlCharacters(shown).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(shown).not.toContain("…");
    // Every cell of the row is there, read down its column.
    const start = lines.findIndex((line) => line.includes("conflict"));
    const end = lines.findIndex((line) => line.includes("create"));
    const head = lines[1] ?? "";
    const columns = ["ServiceAccount", "role", "reason"].map((title) => head.indexOf(title));
    const cell = (column: number) =>
      lines
        .slice(start, end)
        .map((line) => line.slice(columns[column], columns[column + 1]).trim())
        .join("");
    expect(cell(0)).toBe("shop/a-rather-long-name-of-a-service-account");
    expect(cell(1)).toBe(long.decisions[0]?.roleArn);
    expect(cell(2).replaceAll(" ", "")).toBe(long.decisions[0]?.reason.replaceAll(" ", ""));
  });

  test("has colours, and none where they are not wanted", () => {
    expect(table([blue], { colors: pc.createColors(true) })).toContain(pc.createColors(true).green("create"));
    expect(table([blue])).toBe(stripVTControlCharacters(table([blue])));
  });
});

test("thousands of rows stay aligned", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => decision("adopt", `sa-${index}`));
  const lines = table([{ cluster, decisions: many }]).split("\n");
  const rows = lines.filter((line) => line.startsWith("  adopt"));
  expect(rows).toHaveLength(1_000);
  expect(new Set(rows.map((line) => line.indexOf("because")))).toHaveProperty("size", 1);
});

test.each([
  ["nothing to change", [{ cluster, decisions: [decision("unchanged", "a"), decision("ignore", "b")] }], 0],
  ["a change", [blue], 2],
  ["a blocked cluster, whatever the others", [blue, { cluster, decisions: [], blocked: "too many" }], 3],
])("the detailed exit code: %s", (_what, plans, code) => {
  expect(detailedExitCode({ plans, notSelected: [] })).toBe(code);
});
