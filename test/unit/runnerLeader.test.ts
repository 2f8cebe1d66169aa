import { expect, onTestFinished, test } from "vitest";
import type { LeaseRecord, LeaseStore, StoredLease } from "../../src/kubernetes/leases.ts";
import { UserError } from "../../src/model/userError.ts";
import { electLeader, type LeaderElection } from "../../src/runner/election/leader.ts";
import { HandClock, settle } from "./runnerClock.ts";

/** One Lease, as an API server keeps it, with candidates on one clock. */
class Scene {
  readonly clock = new HandClock();
  record: LeaseRecord | undefined;
  version = 0;
  reads = 0;
  readonly told: string[] = [];

  /** What the API server does to a candidate's requests. */
  candidate(name: string, link: { state: "up" | "down" | "hangs" } = { state: "up" }): LeaderElection {
    const through = async <T>(run: () => T): Promise<T> => {
      if (link.state === "down") throw new UserError("no route to the API server");
      if (link.state === "hangs") return new Promise<never>(() => {});
      return run();
    };
    const store: LeaseStore = {
      read: () =>
        through(() => {
          this.reads += 1;
          return this.record === undefined ? undefined : this.stored(this.record);
        }),
      write: (record, before) =>
        through(() => {
          const expected = before?.object.metadata.resourceVersion;
          const found = this.record === undefined ? undefined : String(this.version);
          if (expected !== found) return undefined;
          this.touch();
          this.record = record;
          return this.stored(record);
        }),
    };
    const election = electLeader(store, {
      onChange: (leading) => void this.told.push(`${name} ${leading ? "leads" : "does not"}`),
      onProblem: (message) => void this.told.push(`${name}: ${message ?? "fine again"}`),
      clock: this.clock,
      random: () => 1,
    });
    onTestFinished(() => election.stop());
    return election;
  }

  /** A write that changes nothing in the record: a label, say. */
  touch(): void {
    this.version += 1;
  }

  stored(record: LeaseRecord): StoredLease {
    return { record, object: { metadata: { resourceVersion: String(this.version) }, spec: {} } };
  }
}

test("one of two leads, renews with one request at a time, and lets go when it is stopped", async () => {
  const scene = new Scene();
  const one = scene.candidate("one");
  await settle();
  const two = scene.candidate("two");
  await scene.clock.advance(60_000);
  expect([one.leading(), two.leading()]).toEqual([true, false]);
  expect(scene.told).toEqual(["one leads"]);
  expect(scene.record).toMatchObject({ holder: one.identity, transitions: 0, durationMs: 15_000 });
  // One of the first, and the rest of the second: renewals read nothing.
  expect(scene.reads).toBe(1 + 26);

  await one.stop();
  expect(one.leading()).toBe(false);
  expect(scene.record).toMatchObject({ holder: "", transitions: 0 });
  await scene.clock.advance(2_400);
  expect(two.leading()).toBe(true);
  expect(scene.told).toEqual(["one leads", "one does not", "two leads"]);
  expect(scene.record).toMatchObject({ holder: two.identity, transitions: 1 });
});

test.each([
  { state: "down", after: 30_000 },
  { state: "down", after: 30_700 },
  { state: "hangs", after: 31_500 },
  { state: "hangs", after: 32_399 },
] as const)(
  "a leader whose API server $state at $after ms gives up before another takes over, within 20 s",
  async ({ state, after }) => {
    const scene = new Scene();
    const link: { state: "up" | "down" | "hangs" } = { state: "up" };
    const one = scene.candidate("one", link);
    await settle();
    const two = scene.candidate("two");
    await scene.clock.advance(after);
    expect([one.leading(), two.leading()]).toEqual([true, false]);
    link.state = state;
    let waited = 0;
    for (; !two.leading(); waited += 100) {
      expect(waited).toBeLessThan(20_000);
      await scene.clock.advance(100);
      expect([one.leading(), two.leading()]).not.toEqual([true, true]);
    }
    const why = state === "down" ? "no route to the API server" : "the Lease was not answered for within 4 s";
    expect(scene.told).toEqual(["one leads", `one: ${why}`, "one does not", "two leads"]);

    link.state = "up";
    await scene.clock.advance(10_000);
    expect([one.leading(), two.leading()]).toEqual([false, true]);
    expect(scene.told.slice(4)).toEqual(["one: fine again"]);
  },
);

test("a process that was stopped for a while does not believe that it still leads", async () => {
  const scene = new Scene();
  const one = scene.candidate("one");
  await settle();
  expect(one.leading()).toBe(true);
  // No timer fires while the process stands still; the clock goes on.
  const steady = scene.clock.steady();
  scene.clock.steady = () => steady + 10_000;
  expect(one.leading()).toBe(false);
});

test("a failure shorter than the renew deadline costs nothing", async () => {
  const scene = new Scene();
  const link: { state: "up" | "down" } = { state: "up" };
  const one = scene.candidate("one", link);
  await scene.clock.advance(10_000);
  link.state = "down";
  await scene.clock.advance(6_000);
  link.state = "up";
  await scene.clock.advance(10_000);
  expect(one.leading()).toBe(true);
  expect(scene.told).toEqual(["one leads", "one: no route to the API server", "one: fine again"]);
});

test("a Lease that somebody labelled is read again, and stays ours", async () => {
  const scene = new Scene();
  const one = scene.candidate("one");
  await scene.clock.advance(10_000);
  scene.touch();
  await scene.clock.advance(10_000);
  expect(one.leading()).toBe(true);
  expect(scene.told).toEqual(["one leads"]);
  expect(scene.reads).toBe(2);
});

test("a Lease that names another one ends the leadership at once", async () => {
  const scene = new Scene();
  const one = scene.candidate("one");
  await scene.clock.advance(10_000);
  scene.touch();
  scene.record = { holder: "other", durationMs: 15_000, acquireTime: "a", renewTime: "b", transitions: 9 };
  await scene.clock.advance(2_400);
  expect(one.leading()).toBe(false);
  expect(scene.told).toEqual(["one leads", "one does not"]);
  expect(scene.record.holder).toBe("other");
});

test("of many that find no Lease at the same time, one leads", async () => {
  const scene = new Scene();
  const all = ["a", "b", "c", "d", "e"].map((name) => scene.candidate(name));
  await scene.clock.advance(30_000);
  expect(all.filter((one) => one.leading())).toHaveLength(1);
  expect(scene.told).toHaveLength(1);
});

test("stopping takes no longer than a request, and leaves another's Lease and no timer behind", async () => {
  const scene = new Scene();
  const link: { state: "up" | "hangs" } = { state: "up" };
  const one = scene.candidate("one", link);
  await settle();
  const two = scene.candidate("two");
  await settle();
  await two.stop();
  expect(scene.record?.holder).toBe(one.identity);
  link.state = "hangs";
  const stopped = one.stop();
  await scene.clock.advance(4_000);
  await stopped;
  expect(scene.told).toContain("one: the Lease was not released in time");
  expect(scene.clock.waiting).toBe(0);
});
