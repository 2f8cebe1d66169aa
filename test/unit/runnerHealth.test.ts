import { describe, expect, test } from "vitest";
import { clusterKey } from "../../src/model/cluster.ts";
import { healthOf, livenessOf, readinessOf } from "../../src/runner/status/health.ts";
import { StatusBoard } from "../../src/runner/status/statusBoard.ts";
import { blue, decision, green, plan, update, updateEnd } from "./runnerStatusFixture.ts";

const minute = 60_000;

function newBoard(dry = false) {
  return new StatusBoard({ stacks: ["dev"], dry, now: () => 0 });
}

/** A board whose cluster blue is watched and was in sync at 0. */
function healthy(): StatusBoard {
  const board = newBoard();
  board.watchChanged("dev", blue, { state: "live" }, 0);
  board.planned("dev", plan(blue, [decision()]), 0, false);
  board.problems("dev", []);
  return board;
}

const ofBlue = { stack: "dev", cluster: clusterKey(blue) };

describe("health", () => {
  test.each<[string, (board: StatusBoard) => void, number, readonly object[]]>([
    ["in sync just now", () => {}, 0, []],
    ["in sync three intervals ago", () => {}, 3 * minute, []],
    ["in sync longer ago", () => {}, 3 * minute + 1, [{ ...ofBlue, message: "not in sync for 180 s" }]],
    [
      "the watch is lost",
      (board) => board.watchChanged("dev", blue, { state: "connecting", reason: "refused" }, 1),
      2,
      [{ ...ofBlue, message: "ServiceAccounts are not watched: refused" }],
    ],
    [
      "a cluster that was never in sync",
      (board) => {
        board.watchChanged("dev", green, { state: "live" }, 0);
        board.planned("dev", plan(green, [decision({ action: "create" })]), 0, true);
      },
      1,
      [{ stack: "dev", cluster: clusterKey(green), message: "not in sync yet" }],
    ],
    [
      "a blocked cluster says why",
      (board) => board.planned("dev", plan(blue, [], "too many deletions"), minute, false),
      5 * minute,
      [{ ...ofBlue, message: "not in sync for 300 s: too many deletions" }],
    ],
    [
      "a problem of this round",
      (board) => board.problems("dev", [{ where: "clusters[1]", message: "denied" }]),
      minute,
      [],
    ],
    [
      "a problem that lasts",
      (board) => {
        board.problems("dev", [{ where: "clusters[1]", message: "denied" }]);
        board.planned("dev", plan(blue, [decision()]), 4 * minute, false);
      },
      4 * minute,
      [{ stack: "dev", message: "clusters[1]: denied" }],
    ],
    ["standing by for the leader", (board) => board.leadershipChanged(false), 10 * minute, []],
    ["a cluster that is gone counts no more", (board) => board.clusterGone("dev", blue), 10 * minute, []],
  ])("%s", (_name, happen, now, expected) => {
    const board = healthy();
    happen(board);
    expect(healthOf(board.status, now, minute)).toEqual(expected);
  });

  test("before the first round there is no health", () => {
    expect(healthOf(newBoard().status, 0, minute)).toEqual([
      { stack: "dev", message: "no cluster has been read yet" },
    ]);
  });

  test("a problem before any round went well is one at once", () => {
    const board = newBoard();
    board.problems("dev", [{ where: "clusters[0]", message: "denied" }]);
    expect(healthOf(board.status, 1, minute)).toEqual([{ stack: "dev", message: "clusters[0]: denied" }]);
  });

  test("a configuration that selects no cluster is healthy", () => {
    const board = newBoard();
    board.problems("dev", []);
    expect(healthOf(board.status, 1, minute)).toEqual([]);
  });

  test("an update that succeeds, and with DRY the plan, bring it back", () => {
    const changing = plan(blue, [decision({ action: "update" })]);
    const board = healthy();
    board.planned("dev", changing, 4 * minute, true);
    expect(healthOf(board.status, 4 * minute, minute)).toHaveLength(1);
    board.updateEnded(updateEnd({ endedAt: 4 * minute }));
    expect(healthOf(board.status, 4 * minute, minute)).toEqual([]);

    const dry = newBoard(true);
    dry.watchChanged("dev", blue, { state: "live" }, 0);
    dry.planned("dev", changing, 4 * minute, true);
    expect(healthOf(dry.status, 4 * minute, minute)).toEqual([]);
  });
});

describe("readiness", () => {
  test.each<[string, (board: StatusBoard) => void, readonly object[]]>([
    ["nothing read", () => {}, [{ stack: "dev", message: "no cluster has been read yet" }]],
    [
      "the first update runs",
      (board) => board.planned("dev", plan(blue, [decision({ action: "create" })]), 0, true),
      [{ ...ofBlue, message: "the first sync is not done yet" }],
    ],
    [
      "in sync once, however long ago",
      (board) => board.planned("dev", plan(blue, [decision()]), 0, false),
      [],
    ],
    [
      "blocked, which waits for people",
      (board) => board.planned("dev", plan(blue, [], "held"), 0, false),
      [],
    ],
    ["standing by for the leader", (board) => board.leadershipChanged(false), []],
  ])("%s", (_name, happen, expected) => {
    const board = newBoard();
    happen(board);
    expect(readinessOf(board.status)).toEqual(expected);
  });
});

describe("liveness", () => {
  const alive = (board: StatusBoard, now: number, intervalMs: number) =>
    livenessOf(board.status, board.beats, now, intervalMs);

  test.each([
    [10 * minute, minute, []],
    [10 * minute + 1, minute, [{ stack: "dev", message: "the loop has told nothing for 600 s" }]],
    [40 * minute, 10 * minute, []],
  ])("silent for %d ms with an interval of %d ms", (now, intervalMs, expected) => {
    expect(alive(newBoard(), now, intervalMs)).toEqual(expected);
  });

  test("an update that prints nothing gets an hour", () => {
    const board = newBoard();
    board.updateStarted(update());
    expect(alive(board, 59 * minute, minute)).toEqual([]);
    expect(alive(board, 61 * minute, minute)).toEqual([
      { stack: "dev", message: "update 1 has told nothing for 3660 s" },
    ]);
  });

  test("who stands by tells nothing, and lives", () => {
    const board = newBoard();
    board.leadershipChanged(false);
    expect(alive(board, 100 * minute, minute)).toEqual([]);
  });
});
