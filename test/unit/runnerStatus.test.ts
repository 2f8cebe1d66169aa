import { describe, expect, test } from "vitest";
import { clusterKey } from "../../src/model/cluster.ts";
import type { Decision } from "../../src/plan/types.ts";
import { MEMORY, type Status } from "../../src/runner/status/status.ts";
import { StatusBoard } from "../../src/runner/status/statusBoard.ts";
import type { AssociationChange } from "../../src/runner/types.ts";
import { blue, decision, green, plan, update, updateEnd } from "./runnerStatusFixture.ts";

function newBoard(options: { dry?: boolean } = {}) {
  const { dry = false } = options;
  const clock = { at: 500 };
  return { clock, board: new StatusBoard({ stacks: ["dev"], dry, now: () => clock.at }) };
}

function only(status: Status) {
  const [stack] = status.stacks;
  const [cluster] = stack?.clusters ?? [];
  if (stack === undefined || cluster === undefined) throw new Error("no stack or no cluster");
  return { stack, cluster };
}

const toCreate = decision({ action: "create", reason: "annotated, and has no association" });
const ofApi = { cluster: blue, namespace: "shop", name: "api" } as const;

describe("rows", () => {
  test.each<[Decision["action"], string]>([
    ["unchanged", "in-sync"],
    ["create", "pending"],
    ["adopt", "pending"],
    ["update", "pending"],
    ["delete", "pending"],
    ["purge", "pending"],
    ["keep", "kept"],
    ["conflict", "conflict"],
    ["ignore", "ignored"],
  ])("%s is %s", (action, state) => {
    const { board } = newBoard();
    board.planned("dev", plan(blue, [decision({ action })]), 1000, false);
    expect(only(board.status).cluster.rows.map((row) => row.state)).toEqual([state]);
  });

  test("what is declared stays out of the status, and a row that is as before is the same object", () => {
    const { board } = newBoard();
    const declared = { spec: { roleArn: "r" }, tags: {}, from: "wanted" } as const;
    board.planned("dev", plan(blue, [decision({ declared }), decision({ name: "web" })]), 1000, false);
    const before = only(board.status).cluster.rows;
    board.planned(
      "dev",
      plan(blue, [decision({ declared }), decision({ name: "web", action: "update" })]),
      2000,
      true,
    );
    const after = only(board.status).cluster.rows;
    expect(before[0]).not.toHaveProperty("declared");
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  test.each<[string, Decision, AssociationChange, object | undefined]>([
    [
      "created",
      toCreate,
      { ...ofApi, operation: "created", associationId: "a-2" },
      { state: "in-sync", associationId: "a-2", reason: "created, as annotated" },
    ],
    ["deleted", decision({ action: "delete" }), { ...ofApi, operation: "deleted" }, undefined],
    [
      "deleted, restricted",
      decision({ action: "delete", cause: "restricted_role" }),
      { ...ofApi, operation: "deleted" },
      { state: "ignored", cause: "restricted_role" },
    ],
    [
      "failed",
      toCreate,
      { ...ofApi, operation: "failed", error: "denied" },
      { state: "failed", error: "denied" },
    ],
    [
      "of another cluster",
      toCreate,
      { ...ofApi, cluster: green, operation: "created" },
      { state: "pending" },
    ],
    [
      "of a row that is not there",
      toCreate,
      { ...ofApi, name: "none", operation: "created" },
      { state: "pending" },
    ],
  ])("after a change: %s", (_name, row, change, expected) => {
    const { board } = newBoard();
    board.planned("dev", plan(blue, [decision({ name: "aaa" }), row, decision({ name: "zzz" })]), 1000, true);
    board.associationChanged("dev", change);
    const rows = only(board.status).cluster.rows;
    const found = rows.find(({ name }) => name === "api");
    if (expected === undefined) expect(rows.map(({ name }) => name)).toEqual(["aaa", "zzz"]);
    else expect(found).toMatchObject(expected);
  });

  test("a failure is shown until the plan asks for it no more, or it succeeds", () => {
    const { board } = newBoard();
    const planIt = (row: Decision) => board.planned("dev", plan(blue, [row]), 1000, true);
    planIt(toCreate);
    board.associationChanged("dev", { ...ofApi, operation: "failed", error: "denied" });
    planIt(toCreate);
    expect(only(board.status).cluster.rows[0]).toMatchObject({ state: "failed", error: "denied" });
    board.associationChanged("dev", { ...ofApi, operation: "created", associationId: "a-2" });
    expect(only(board.status).cluster.rows[0]).not.toHaveProperty("error");
    planIt(toCreate);
    expect(only(board.status).cluster.rows[0]).toMatchObject({ state: "pending" });
  });
});

describe("in sync", () => {
  const changing = plan(blue, [toCreate]);
  test.each([
    {
      what: "an empty plan",
      plan: plan(blue, [decision()]),
      pending: false,
      end: undefined,
      dry: false,
      at: 1000,
    },
    { what: "a plan with changes", plan: changing, pending: true, end: undefined, dry: false, at: undefined },
    { what: "its update succeeded", plan: changing, pending: true, end: updateEnd(), dry: false, at: 3500 },
    {
      what: "its update failed",
      plan: changing,
      pending: true,
      end: updateEnd({ result: "failed" }),
      dry: false,
      at: undefined,
    },
    {
      what: "another stack's update",
      plan: changing,
      pending: true,
      end: updateEnd({ stack: "prod" }),
      dry: false,
      at: undefined,
    },
    {
      what: "a preview",
      plan: changing,
      pending: true,
      end: updateEnd({ kind: "preview" }),
      dry: false,
      at: undefined,
    },
    { what: "with DRY, any plan", plan: changing, pending: true, end: undefined, dry: true, at: 1000 },
    {
      what: "a blocked plan",
      plan: plan(blue, [], "held"),
      pending: false,
      end: undefined,
      dry: false,
      at: undefined,
    },
    {
      what: "with DRY, a blocked plan",
      plan: plan(blue, [], "held"),
      pending: false,
      end: undefined,
      dry: true,
      at: undefined,
    },
  ])("$what: $at", ({ plan: of, pending, end, dry, at }) => {
    const { board } = newBoard({ dry });
    board.planned("dev", of, 1000, pending);
    if (end !== undefined) board.updateEnded(end);
    expect(only(board.status).cluster.inSyncAt).toBe(at);
  });
});

describe("updates", () => {
  test("the running one collects its last lines, and joins the others when it ends", () => {
    const { board } = newBoard();
    board.planned("dev", plan(blue, []), 0, false);
    board.updateStarted(update());
    for (let line = 0; line < MEMORY.logLines + 5; line += 1) board.updatePrinted(update(), `line ${line}`);
    board.updatePrinted(update({ id: 7 }), "of another update");
    const { running } = only(board.status).stack;
    expect(running).toMatchObject({ id: 1, dropped: 5 });
    expect([running?.log[0], running?.log.at(-1)]).toEqual(["line 5", `line ${MEMORY.logLines + 4}`]);
    board.updateEnded(updateEnd());
    const { stack } = only(board.status);
    expect(stack).not.toHaveProperty("running");
    expect(stack.updates).toMatchObject([{ id: 1, result: "succeeded", dropped: 5 }]);
  });

  test("only the last twenty are remembered, and long lines are cut", () => {
    const { board } = newBoard();
    board.planned("dev", plan(blue, []), 0, false);
    for (let id = 1; id <= 25; id += 1) {
      board.updateStarted(update({ id }));
      board.updatePrinted(update({ id }), "x".repeat(5000));
      board.updateEnded(updateEnd({ id }));
    }
    const { updates } = only(board.status).stack;
    expect(updates.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => 25 - index));
    expect(updates[0]?.log[0]).toHaveLength(MEMORY.lineLength);
  });
});

describe("the board", () => {
  test("clusters come sorted and go; problems have one message a place and their first time", () => {
    const { board, clock } = newBoard();
    board.watchChanged("dev", green, { state: "live" }, 1);
    board.watchChanged("dev", blue, { state: "connecting", reason: "refused" }, 2);
    expect(board.status.stacks[0]?.clusters.map(({ key }) => key)).toEqual([
      clusterKey(blue),
      clusterKey(green),
    ]);
    board.clusterGone("dev", blue);
    expect(board.status.stacks[0]?.clusters.map(({ key }) => key)).toEqual([clusterKey(green)]);
    board.problems("dev", [{ where: "clusters[0]", message: "denied" }]);
    clock.at = 900;
    board.problems("dev", [{ where: "clusters[0]", message: "throttled" }]);
    expect(board.status.stacks[0]?.problems).toEqual([
      { where: "clusters[0]", message: "throttled", since: 500 },
    ]);
    // One that is over goes, whatever else is wrong.
    board.problems("dev", [{ where: "clusters[1]", message: "denied" }]);
    expect(board.status.stacks[0]?.problems).toEqual([
      { where: "clusters[1]", message: "denied", since: 900 },
    ]);
    board.problems("dev", []);
    expect(board.status.stacks[0]).toMatchObject({ problems: [], complete: true });
  });

  test("listeners hear of each change until they leave, and older statuses stay as they were", () => {
    const { board } = newBoard();
    let heard = 0;
    const leave = board.subscribe(() => {
      heard += 1;
    });
    const before = board.status;
    board.leadershipChanged(true);
    board.planned("dev", plan(blue, []), 0, false);
    leave();
    board.clusterGone("dev", blue);
    expect(heard).toBe(2);
    expect(before).toEqual({
      startedAt: 500,
      dry: false,
      stacks: [expect.objectContaining({ name: "dev", clusters: [] })],
    });
  });

  test("what a stack's loop tells is its beat; a watch is not", () => {
    const { board, clock } = newBoard();
    clock.at = 700;
    board.watchChanged("dev", blue, { state: "live" }, 700);
    expect(board.beats.get("dev")).toBe(500);
    board.updatePrinted(update(), "line");
    expect(board.beats.get("dev")).toBe(700);
  });
});
