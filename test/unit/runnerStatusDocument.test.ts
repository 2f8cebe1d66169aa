import fc from "fast-check";
import { expect, test } from "vitest";
import { applyDelta } from "../../src/runner/status/page/document.js";
import { StatusBoard } from "../../src/runner/status/statusBoard.ts";
import { deltaOf, type StatusDocument } from "../../src/runner/status/statusDocument.ts";
import { blue, decision, green, largePlan, plan, update, updateEnd } from "./runnerStatusFixture.ts";

const moment = { now: 7, intervalMs: 60_000, reasons: [] };

/** `id` is unique and rising, as an update's. */
type Step = (board: StatusBoard, id: number) => void;

const names = ["api", "web", "worker", "zeta"];
const anyCluster = fc.constantFrom(blue, green);
const anyStack = fc.constantFrom("dev", "prod");
const anyDecisions = fc
  .uniqueArray(fc.constantFrom(...names), { maxLength: 4 })
  .chain((chosen) =>
    fc.tuple(
      ...chosen.map((name) =>
        fc.constantFrom("unchanged", "update", "delete").map((action) => ({ name, action }) as const),
      ),
    ),
  )
  .map((rows) => rows.map(({ name, action }) => decision({ name, action })));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(anyStack, anyCluster, anyDecisions, fc.boolean()).map(
    ([stack, of, rows, pending]): Step =>
      (board) =>
        board.planned(stack, plan(of, rows), 5, pending),
  ),
  fc
    .tuple(anyStack, anyCluster, fc.constantFrom(...names), fc.constantFrom("created", "deleted", "failed"))
    .map(
      ([stack, cluster, name, operation]): Step =>
        (board) =>
          board.associationChanged(stack, { cluster, namespace: "shop", name, operation }),
    ),
  fc.tuple(anyStack, anyCluster).map(
    ([stack, of]): Step =>
      (board) =>
        board.clusterGone(stack, of),
  ),
  fc.boolean().map(
    (ends): Step =>
      (board, id) => {
        board.updateStarted(update({ id }));
        board.updatePrinted(update({ id }), `line of ${id}`);
        if (ends) board.updateEnded(updateEnd({ id }));
      },
  ),
  fc.boolean().map(
    (leading): Step =>
      (board) =>
        board.leadershipChanged(leading),
  ),
);

/** As a client gets it. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

test("a document with the deltas that follow is the document that there is now", () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyStep, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), (rounds) => {
      const board = new StatusBoard({ stacks: ["dev"], dry: false, now: () => 0 });
      let before = board.status;
      let document: StatusDocument = sent({ ...before, ...moment });
      let id = 0;
      for (const steps of rounds) {
        for (const step of steps) {
          id += 1;
          step(board, id);
        }
        document = applyDelta(document, sent(deltaOf(before, board.status, moment)));
        before = board.status;
      }
      expect(document).toEqual(sent({ ...board.status, ...moment }));
    }),
  );
});

test("one change among 5,000 rows is one row, and ended updates are not sent again", () => {
  const board = new StatusBoard({ stacks: ["dev"], dry: false, now: () => 0 });
  const large = largePlan(blue, 5000);
  board.planned("dev", large, 0, false);
  board.updateEnded(updateEnd());
  const before = board.status;
  const decisions = large.decisions.map((row, index) =>
    index === 4321 ? { ...row, action: "update" as const } : row,
  );
  board.planned("dev", { ...large, decisions }, 1, true);
  const [stack] = deltaOf(before, board.status, moment).stacks;
  expect(stack?.updates).toEqual([1]);
  expect(stack?.clusters[0]?.rows).toMatchObject({
    set: [{ namespace: "team-108", name: "service-01" }],
    gone: [],
  });
});
