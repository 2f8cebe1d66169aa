import { expect, test } from "vitest";
import { observers } from "../../src/runner/observers.ts";
import type { AssociationChange, UpdateEnd, UpdateStart } from "../../src/runner/types.ts";
import type { EngineEnd, EngineRun, StackEngine } from "../../src/runner/update/engine.ts";
import { StackUpdates, type UpdateRequest } from "../../src/runner/update/stackUpdates.ts";
import { touchedOf } from "../../src/runner/update/touched.ts";
import { cluster } from "./planFixtures.ts";
import { HandClock } from "./runnerClock.ts";
import { planned, STACK, toCreate, toDelete, urnOf } from "./runnerPlannedFixture.ts";

const SUCCEEDED: EngineEnd = { result: "succeeded", steps: [] };
const created = {
  urn: urnOf("default/app"),
  operation: "create",
  failed: false,
  outputs: { associationId: "a-1" },
};

/** Updates on an engine that ends as it is told to, and what was asked of it and told. */
function updatesOn(end: EngineEnd, dry = false) {
  const runs: EngineRun[] = [];
  const told: {
    started: UpdateStart[];
    printed: string[];
    ended: UpdateEnd[];
    changed: AssociationChange[];
  } = {
    started: [],
    printed: [],
    ended: [],
    changed: [],
  };
  const clock = new HandClock();
  const engine: StackEngine = {
    recorded: async () => new Map(),
    async run(run) {
      runs.push(run);
      run.onOutput("one\n\ntwo\n");
      await clock.advance(500);
      return end;
    },
    cancel: () => undefined,
    configuredClusters: async () => undefined,
    close: async () => undefined,
  };
  const observer = observers([
    {
      updateStarted: (update) => void told.started.push(update),
      updatePrinted: (_, line) => void told.printed.push(line),
      updateEnded: (update) => void told.ended.push(update),
      associationChanged: (_, change) => void told.changed.push(change),
    },
  ]);
  return { updates: new StackUpdates(STACK, engine, dry, observer, clock), runs, told, clock };
}

function request(
  decisions: Parameters<typeof planned>[0],
  overrides: Partial<UpdateRequest> = {},
): UpdateRequest {
  const touched = touchedOf([planned(decisions)], STACK);
  return { trigger: "change", touched, recorded: new Map(), seen: new Map(), ...overrides };
}

test("an update of what is touched says what it did, and how long after the event", async () => {
  const { updates, runs, told, clock } = updatesOn({ result: "succeeded", steps: [created] });
  const seen = new Map([["111122223333/eu-west-1/blue", new Map([["default/app", clock.now() - 100]])]]);
  const outcome = await updates.update(request([toCreate()], { seen }));
  expect(outcome).toMatchObject({ reached: "all", locked: false, preview: false });
  expect(runs).toMatchObject([{ kind: "up", targets: [urnOf("default/app")] }]);
  expect(runs[0]).not.toHaveProperty("refresh");
  expect(told.started).toMatchObject([{ stack: STACK, kind: "up", trigger: "change", targets: 1 }]);
  expect(told.printed).toEqual(["one", "two"]);
  expect(told.ended).toMatchObject([
    { id: told.started[0]?.id, result: "succeeded", changes: { create: 1 } },
  ]);
  expect((told.ended[0]?.endedAt ?? 0) - (told.ended[0]?.startedAt ?? 0)).toBe(500);
  expect(told.changed).toMatchObject([
    {
      cluster,
      namespace: "default",
      name: "app",
      operation: "created",
      associationId: "a-1",
      sinceEventMs: 600,
    },
  ]);
});

test("a full update has no targets; drift asks for a refresh", async () => {
  const { updates, runs, told } = updatesOn(SUCCEEDED);
  await updates.update(request([toCreate({ drifted: true })], { full: [planned([toCreate()])] }));
  expect(runs).toMatchObject([{ refresh: true }]);
  expect(runs[0]).not.toHaveProperty("targets");
  expect(told.started[0]).not.toHaveProperty("targets");
});

test.each<[string, EngineEnd, "all" | "some" | "nothing", boolean]>([
  ["succeeded", SUCCEEDED, "all", false],
  [
    "one resource failed",
    { result: "failed", steps: [{ ...created, failed: true }], error: "no" },
    "some",
    false,
  ],
  ["failed before any resource", { result: "failed", steps: [], error: "no plugin" }, "nothing", false],
  ["canceled", { result: "canceled", steps: [{ ...created, failed: true }] }, "nothing", false],
  ["locked", { result: "locked", steps: [], error: "the stack is locked" }, "nothing", true],
])("how far it came: %s", async (_, end, reached, locked) => {
  expect(await updatesOn(end).updates.update(request([toCreate()]))).toMatchObject({ reached, locked });
});

test("a failed association is told with AWS's words, or the update's where there are none", async () => {
  const steps = [
    { ...created, failed: true, error: "no such role" },
    { urn: urnOf("default/old"), operation: "delete", failed: true },
  ];
  const { updates, told } = updatesOn({ result: "failed", steps, error: "the first error" });
  await updates.update(request([toCreate(), toDelete({ name: "old" })]));
  expect(told.changed).toMatchObject([
    { name: "app", operation: "failed", error: "no such role" },
    { name: "old", operation: "failed", error: "the first error" },
  ]);
  expect(told.ended).toMatchObject([{ error: "the first error", changes: {} }]);
});

test("with DRY each plan is previewed once, without a refresh, and nothing is told as done", async () => {
  const { updates, runs, told } = updatesOn({ result: "succeeded", steps: [created] }, true);
  const drifted = request([toCreate({ drifted: true })]);
  expect(await updates.update(drifted)).toMatchObject({ reached: "all", preview: true, outcomes: [] });
  expect(await updates.update(drifted)).toMatchObject({ reached: "all" });
  await updates.update(request([toDelete()]));
  expect(runs.map(({ kind }) => kind)).toEqual(["preview", "preview"]);
  expect(runs[0]).not.toHaveProperty("refresh");
  expect(told.changed).toEqual([]);
});

test("with DRY a preview that failed is made again", async () => {
  const { updates, runs } = updatesOn({ result: "failed", steps: [], error: "no plugin" }, true);
  expect(await updates.update(request([toCreate()]))).toMatchObject({ reached: "nothing", preview: true });
  await updates.update(request([toCreate()]));
  expect(runs).toHaveLength(2);
});
