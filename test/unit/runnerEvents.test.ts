import { KubeConfig } from "@kubernetes/client-node";
import { expect, onTestFinished, test } from "vitest";
import { EventsForbiddenError } from "../../src/kubernetes/serviceAccountEvents.ts";
import { UserError } from "../../src/model/userError.ts";
import type { ClusterPlan, Decision } from "../../src/plan/types.ts";
import type { WaitingNote } from "../../src/runner/events/clusterNotes.ts";
import { type KubernetesEvents, kubernetesEvents } from "../../src/runner/events/kubernetesEvents.ts";
import type { AssociationChange } from "../../src/runner/types.ts";
import { HandClock, settle } from "./runnerClock.ts";

const blue = { name: "blue", region: "us-east-1", account: "111111111111" };
const green = { ...blue, name: "green" };
const ROLE = "arn:aws:iam::111111111111:role/app";

/** An API server that takes Events, or does not. */
class Scene {
  readonly clock = new HandClock();
  readonly written: string[] = [];
  readonly warnings: string[] = [];
  configs = 0;
  mayWrite = true;
  answer: "takes" | Error | "hangs" = "takes";

  readonly events: KubernetesEvents = kubernetesEvents({
    kubeConfig: async () => {
      this.configs += 1;
      return new KubeConfig();
    },
    mayWrite: () => this.mayWrite,
    warn: (cluster, message) => void this.warnings.push(`${cluster.name}: ${message}`),
    clock: this.clock,
    write: async (_config, { ref, note }: WaitingNote) => {
      if (this.answer === "hangs") return new Promise<never>(() => {});
      if (this.answer instanceof Error) throw this.answer;
      this.written.push(`${note.type} ${note.reason} ${ref.namespace}/${ref.name}: ${note.message}`);
    },
  });

  async plan(decisions: readonly Partial<Decision>[], more: Partial<ClusterPlan> = {}): Promise<void> {
    const rows = decisions.map((decision) => ({
      ...{ namespace: "shop", name: "app", action: "ignore" as const, reason: "as annotated" },
      ...decision,
    }));
    this.events.planned("dev", { cluster: blue, decisions: rows, ...more }, this.clock.now(), false);
    await settle();
  }

  async change(change: Partial<AssociationChange>): Promise<void> {
    const made = { cluster: blue, namespace: "shop", name: "app", operation: "created" as const };
    this.events.associationChanged("dev", { ...made, ...change });
    await settle();
  }

  /** What was written since the last call. */
  take(): string[] {
    return this.written.splice(0);
  }
}

function start(): Scene {
  const scene = new Scene();
  onTestFinished(async () => {
    scene.answer = "takes";
    const stopped = scene.events.stop();
    await scene.clock.advance(60_000);
    await stopped;
  });
  return scene;
}

test.each([
  [
    { operation: "created", roleArn: ROLE, associationId: "a-1" },
    `Normal PodIdentityAssociated shop/app: Created association a-1 with ${ROLE}`,
  ],
  [
    { operation: "adopted", associationId: "a-1" },
    "Normal PodIdentityAssociated shop/app: Adopted association a-1",
  ],
  [
    { operation: "updated", roleArn: ROLE },
    `Normal PodIdentityUpdated shop/app: Updated association with ${ROLE}`,
  ],
  [
    { operation: "deleted", associationId: "a-1" },
    "Normal PodIdentityRemoved shop/app: Deleted association a-1",
  ],
  [
    { operation: "failed", error: "AccessDeniedException: no" },
    "Warning PodIdentityFailed shop/app: AccessDeniedException: no",
  ],
] as const)("%o is told once", async (change, said) => {
  const scene = start();
  await scene.change(change);
  await scene.change(change);
  expect(scene.take()).toEqual([said]);
});

test.each([
  [
    { action: "ignore", cause: "restricted_role", reason: "rule 1" },
    "Warning PodIdentityRestricted shop/app: rule 1",
  ],
  [
    { action: "delete", cause: "restricted_role", reason: "rule 1" },
    "Warning PodIdentityRestricted shop/app: rule 1",
  ],
  [{ action: "keep", cause: "invalid", reason: "no ARN" }, "Warning PodIdentityInvalid shop/app: no ARN"],
  [
    { action: "ignore", cause: "untrusted_role", reason: "no trust" },
    "Warning PodIdentityInvalid shop/app: no trust",
  ],
  [
    { action: "conflict", cause: "external", reason: "a-9 stands there" },
    "Warning PodIdentityConflict shop/app: a-9 stands there",
  ],
] as const)("a row that refuses, %o, is told once", async (row, said) => {
  const scene = start();
  await scene.plan([row]);
  await scene.plan([row]);
  expect(scene.take()).toEqual([said]);
});

test.each([
  { action: "create" },
  { action: "unchanged" },
  { action: "ignore", cause: "excluded" },
  { action: "ignore", cause: "external" },
  { action: "keep", cause: "blocked" },
  { action: "keep", cause: "unreadable" },
] as const)("a row that is no fault of the ServiceAccount, %o, is not told", async (row) => {
  const scene = start();
  await scene.plan([row]);
  expect(scene.take()).toEqual([]);
});

test("another message is told, and so is the same one after a time when all was well", async () => {
  const scene = start();
  const restricted = { cause: "restricted_role", reason: "rule 1" } as const;
  await scene.plan([restricted]);
  await scene.plan([{ ...restricted, reason: "rule 2" }]);
  expect(scene.take()).toHaveLength(2);
  await scene.plan([], { blocked: "the list failed" });
  await scene.plan([{ ...restricted, reason: "rule 2" }]);
  expect(scene.take()).toHaveLength(0);
  await scene.plan([{ action: "unchanged" }]);
  await scene.plan([{ ...restricted, reason: "rule 2" }]);
  expect(scene.take()).toHaveLength(1);
});

test("what a plan refuses and what an update does are remembered apart", async () => {
  const scene = start();
  const restricted = { cause: "restricted_role", reason: "rule 1" } as const;
  await scene.plan([{ ...restricted, action: "delete" }]);
  await scene.change({ operation: "deleted" });
  await scene.plan([restricted]);
  expect(scene.take().map((line) => line.split(" ")[1])).toEqual([
    "PodIdentityRestricted",
    "PodIdentityRemoved",
  ]);
  await scene.change({ operation: "created" });
  await scene.change({ operation: "deleted" });
  expect(scene.take()).toHaveLength(2);
});

test("who may not write says nothing, and tells what still holds once it may", async () => {
  const scene = start();
  scene.mayWrite = false;
  await scene.plan([{ cause: "invalid" }]);
  await scene.change({});
  expect([scene.take(), scene.configs]).toEqual([[], 0]);
  scene.mayWrite = true;
  await scene.plan([{ cause: "invalid" }]);
  expect(scene.take()).toHaveLength(1);
});

test("a storm is told in pieces: some at once, then ten a second, and what is too much another time", async () => {
  const scene = start();
  const rows = Array.from(
    { length: 1_100 },
    (_, index) => ({ name: `app${index}`, cause: "invalid" }) as const,
  );
  await scene.plan(rows);
  await scene.clock.advance(0);
  for (let turns = 0; turns < 20; turns += 1) await settle();
  expect(scene.written).toHaveLength(25);
  await scene.clock.advance(10_000);
  expect(scene.written).toHaveLength(125);
  await scene.clock.advance(120_000);
  expect(scene.take()).toHaveLength(1_001);
  await scene.plan(rows);
  await scene.clock.advance(60_000);
  expect(scene.take()).toHaveLength(99);
});

test("a cluster that forbids Events is warned of once and left alone; the others are not", async () => {
  const scene = start();
  scene.answer = new EventsForbiddenError("create event: 403");
  await scene.change({ name: "one" });
  await scene.change({ name: "two" });
  scene.answer = "takes";
  await scene.change({ name: "three" });
  expect(scene.warnings).toEqual(["blue: create event: 403"]);
  expect(scene.take()).toEqual([]);
  await scene.change({ cluster: green });
  expect(scene.take()).toHaveLength(1);
});

test("a refusal that could not be told is told in a later round, with new credentials", async () => {
  const scene = start();
  scene.answer = new UserError("create event: 500");
  await scene.plan([{ cause: "invalid" }]);
  expect([scene.warnings, scene.configs]).toEqual([[], 1]);
  scene.answer = "takes";
  await scene.plan([{ cause: "invalid" }]);
  expect([scene.take().length, scene.configs]).toEqual([1, 2]);
  await scene.change({});
  expect(scene.configs).toBe(2);
});

test("an API server that does not answer holds nobody up, not even the stop", async () => {
  const scene = start();
  scene.answer = "hangs";
  await scene.change({ name: "one" });
  await scene.change({ name: "two" });
  const stopped = scene.events.stop();
  await scene.clock.advance(5_000);
  await stopped;
  expect(scene.clock.waiting).toBe(0);
  scene.answer = "takes";
  await scene.change({ name: "three" });
  expect(scene.take()).toEqual([]);
});

test("the stop lets what waits be written", async () => {
  const scene = start();
  await scene.plan(
    Array.from({ length: 30 }, (_, index) => ({ name: `app${index}`, cause: "invalid" }) as const),
  );
  const stopped = scene.events.stop();
  await scene.clock.advance(1_000);
  await stopped;
  expect(scene.take()).toHaveLength(30);
});

test("a cluster that is gone is forgotten", async () => {
  const scene = start();
  await scene.plan([{ cause: "invalid" }]);
  scene.events.clusterGone("dev", blue);
  await scene.plan([{ cause: "invalid" }]);
  expect(scene.take()).toHaveLength(2);
});
