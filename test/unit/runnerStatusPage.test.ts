import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  allRows,
  clusterId,
  filterFromHash,
  filterRows,
  filterToHash,
  HEIGHTS,
  rowsInSight,
  SHOW_ALL,
  topsOf,
} from "../../src/runner/status/page/rows.js";
import {
  ago,
  alarmsOf,
  changesText,
  clusterWord,
  grouped,
  lengthOf,
  roleName,
  rowWord,
  updateTitle,
} from "../../src/runner/status/page/words.js";
import { readPage } from "../../src/runner/status/pageFiles.ts";
import { StatusBoard } from "../../src/runner/status/statusBoard.ts";
import { blue, decision, green, otherBlue, plan, update } from "./runnerStatusFixture.ts";

function documentOf(tell: (board: StatusBoard) => void) {
  const board = new StatusBoard({ stacks: ["dev"], dry: false, now: () => 0 });
  tell(board);
  return { ...board.status, now: 0, intervalMs: 60_000, reasons: [] };
}

const document = documentOf((board) => {
  board.planned(
    "dev",
    plan(blue, [
      decision({ namespace: "shop", name: "api" }),
      decision({
        namespace: "shop",
        name: "admin",
        action: "ignore",
        cause: "restricted_role",
        reason: "restrict_roles[0] does not allow it",
      }),
      decision({ namespace: "web", name: "api", action: "update", reason: "role a -> role b" }),
    ]),
    0,
    true,
  );
  board.planned("dev", plan(green, [decision({ namespace: "shop", name: "api" })]), 0, false);
});
const rows = allRows(document);
const keys = (shown: typeof rows) =>
  shown.map(({ cluster, row }) => `${cluster.name} ${row.namespace}/${row.name}`);

describe("search and filter", () => {
  test.each([
    ["all", SHOW_ALL, ["blue shop/admin", "blue shop/api", "blue web/api", "green shop/api"]],
    ["one word", { ...SHOW_ALL, text: "SHOP/api" }, ["blue shop/api", "green shop/api"]],
    ["all words", { ...SHOW_ALL, text: "api  green" }, ["green shop/api"]],
    ["a reason", { ...SHOW_ALL, text: "does not allow" }, ["blue shop/admin"]],
    ["what the label says", { ...SHOW_ALL, text: "restricted" }, ["blue shop/admin"]],
    [
      "a cluster",
      { ...SHOW_ALL, cluster: clusterId("dev", { key: "444455556666/us-east-1/green" }) },
      ["green shop/api"],
    ],
    ["states", { ...SHOW_ALL, states: ["ignored", "pending"] as const }, ["blue shop/admin", "blue web/api"]],
    ["nothing", { ...SHOW_ALL, text: "nowhere" }, []],
  ])("%s", (_name, filter, expected) => {
    expect(keys(filterRows(rows, filter).shown)).toEqual(expected);
  });

  test("counts are of what the text and the cluster let through, whatever states are asked for", () => {
    const { counts } = filterRows(rows, { ...SHOW_ALL, text: "shop/", states: ["ignored"] });
    expect(counts).toEqual({ failed: 0, conflict: 0, pending: 0, kept: 0, ignored: 1, "in-sync": 2 });
  });

  test("the address carries the filter, and strangers' addresses do no harm", () => {
    const filter = { text: "shop & co", cluster: "dev 1/2/3", states: ["failed", "in-sync"] as const };
    expect(filterFromHash(`#${filterToHash(filter)}`)).toEqual(filter);
    expect(filterToHash(SHOW_ALL)).toBe("");
    expect(filterFromHash("#state=failed,nonsense&other=1")).toEqual({ ...SHOW_ALL, states: ["failed"] });
  });

  test("clusters of one name are told apart", () => {
    const two = documentOf((board) => {
      for (const of of [blue, otherBlue]) board.planned("dev", plan(of, [decision()]), 0, false);
    });
    expect(new Set(allRows(two).map(({ key }) => key)).size).toBe(2);
  });
});

describe("what is in sight", () => {
  const many = Array.from({ length: 5000 }, (_, index) => rows[index % rows.length] ?? rows[0]).filter(
    (row) => row !== undefined,
  );
  const tops = topsOf(many, false);

  test("rows with a clause are higher", () => {
    const { line, clause } = HEIGHTS.wide;
    expect(topsOf(rows, false)).toEqual([0, clause, clause + line, 2 * clause + line, 2 * clause + 2 * line]);
  });
  test.each([0, 1, 5_000, 100_000, (tops.at(-1) ?? 0) - 800])(
    "at %d pixels: all that is in sight, and few more",
    (from) => {
      const [first, end] = rowsInSight(tops, from, 800);
      expect(tops[first]).toBeLessThanOrEqual(from);
      expect(tops[end]).toBeGreaterThanOrEqual(Math.min(from + 800, tops.at(-1) ?? 0));
      expect(end - first).toBeLessThan(60);
    },
  );
  test.each([
    ["above the list", -10_000],
    ["below the list", 10_000_000],
  ])("%s nothing is drawn but its edge", (_name, from) => {
    const [first, end] = rowsInSight(tops, from, 800);
    expect(end - first).toBeLessThanOrEqual(1);
  });
  test("an empty list has nothing in sight", () => {
    expect(rowsInSight(topsOf([], false), 0, 800)).toEqual([0, 0]);
  });
});

describe("words", () => {
  test.each([
    [450, "0.5 s"],
    [12_300, "12 s"],
    [200_000, "3 min"],
    [3 * 3_600_000, "3 h"],
    [5 * 86_400_000, "5 days"],
    [-5, "0 s"],
  ])("%d ms: %s", (milliseconds, expected) => {
    expect(lengthOf(milliseconds)).toBe(expected);
  });
  test("how long ago", () => {
    expect([ago(1000, 1900), ago(0, 12_000)]).toEqual(["just now", "12 s ago"]);
  });
  test.each([
    [{ changes: { create: 2, same: 9, delete: 1 }, kind: "up" }, "2 created, 1 deleted"],
    [{ changes: { update: 1 }, kind: "preview" }, "would be: 1 updated"],
    [{ changes: { same: 9 }, kind: "up" }, "Nothing changed"],
    [{ changes: { "discard-replaced": 1 }, kind: "up" }, "1 discard-replaced"],
  ] as const)("%j", (of, expected) => {
    expect(changesText(of)).toBe(expected);
  });
  test("what an update is", () => {
    expect(updateTitle(update())).toBe("Update, 1 association, after a change");
    expect(updateTitle({ kind: "preview", trigger: "start" })).toBe("Preview, full, at start");
  });
  test("labels say the cause or the action where there is one", () => {
    const words = document.stacks[0]?.clusters[0]?.rows.map(rowWord);
    expect(words).toEqual(["Restricted", "In sync", "To update"]);
  });
  test("roles go without what all begin with, numbers with groups", () => {
    expect(roleName("arn:aws-cn:iam::111122223333:role/team/api")).toBe("team/api");
    expect([grouped(999), grouped(5000), grouped(1234567)]).toEqual([
      "999",
      "5\u202f000",
      "1\u202f234\u202f567",
    ]);
  });
  test("alarms say everything once", () => {
    const reasons = [{ stack: "dev", message: "clusters[0]: denied" }];
    const of = documentOf((board) => {
      board.problems("dev", [
        { where: "clusters[0]", message: "denied" },
        { where: "clusters[1]", message: "throttled" },
      ]);
    });
    expect(alarmsOf({ ...of, reasons }).map(({ message }) => message)).toEqual([
      "clusters[0]: denied",
      "clusters[1]: throttled",
    ]);
  });
});

test.each<[string, (board: StatusBoard) => void, number]>([
  ["Starting", () => {}, 0],
  ["In sync", (board) => board.planned("dev", plan(blue, [decision()]), 0, false), 0],
  ["Out of sync", (board) => board.planned("dev", plan(blue, [decision()]), 0, false), 180_001],
  ["Syncing", (board) => board.planned("dev", plan(blue, [decision({ action: "create" })]), 0, true), 0],
  ["Blocked", (board) => board.planned("dev", plan(blue, [], "held"), 0, false), 0],
  [
    "Not watched",
    (board) => {
      board.planned("dev", plan(blue, [decision()]), 0, false);
      board.watchChanged("dev", blue, { state: "connecting" }, 0);
    },
    0,
  ],
])("a cluster is %s", (expected, tell, now) => {
  const [stack] = documentOf((board) => {
    board.watchChanged("dev", blue, { state: "live" }, 0);
    tell(board);
  }).stacks;
  const words = stack?.clusters.map((cluster) => clusterWord(cluster, now, 60_000).word);
  expect(words).toEqual([expected]);
});

describe("the page's files", () => {
  test("everything in page/ that a browser reads is served, and what a module imports is there", async () => {
    const page = await readPage();
    const folder = new URL("../../src/runner/status/page/", import.meta.url);
    const files = (await readdir(folder)).filter((file) => /\.(css|js|svg)$/.test(file));
    expect([...page.keys()].sort()).toEqual(["/", ...files.map((file) => `/page/${file}`)].sort());
  });

  test("no file makes HTML from text or loads anything from elsewhere", async () => {
    const folder = new URL("../../src/runner/status/page/", import.meta.url);
    for (const file of await readdir(folder)) {
      const text = await readFile(new URL(file, folder), "utf8");
      expect(text, file).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\bstyle=/,
      );
      expect(text.replaceAll("http://www.w3.org/2000/svg", ""), file).not.toMatch(/https?:\/\//);
    }
  });
});
