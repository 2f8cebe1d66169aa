import { expect, test } from "vitest";
import { RelistError } from "../../src/kubernetes/watchServiceAccounts.ts";
import { UserError } from "../../src/model/userError.ts";
import { account, FakeCluster, follow, ROLE } from "./runnerInformerFixture.ts";

const app = account("app", { [ROLE]: "app", noise: "x", policy: "{}" });
const plain = account("plain", { noise: "large", policy: "{}" });

function clusterOf(...items: ReturnType<typeof account>[]): FakeCluster {
  const cluster = new FakeCluster();
  cluster.list = { items, resourceVersion: "10" };
  return cluster;
}

test("it lists, watches from there, and keeps only the annotations that matter", async () => {
  const cluster = clusterOf(app, plain);
  const { informer, changes, states, relists } = await follow(cluster);
  await informer.synced;
  expect(informer.snapshot()).toEqual({
    state: "complete",
    items: [account("app", { [ROLE]: "app", policy: "{}" }), account("plain")],
  });
  expect(cluster.watches).toMatchObject([{ resourceVersion: "10", timeoutSeconds: 270 }]);
  expect(states).toEqual(["connecting", "live"]);
  expect(relists).toEqual([2]);
  expect(changes).toEqual([]);
});

test.each([
  { event: "a new one", type: "set", now: account("new", { [ROLE]: "new" }), told: true },
  { event: "a new one without a role", type: "set", now: account("new"), told: true },
  { event: "another role", type: "set", now: account("app", { [ROLE]: "b", policy: "{}" }), told: true },
  {
    event: "an annotation added",
    type: "set",
    now: account("app", { ...app.annotations, tags: "true" }),
    told: true,
  },
  { event: "an annotation removed", type: "set", now: account("app", { [ROLE]: "app" }), told: true },
  { event: "the role removed", type: "set", now: account("app"), told: true },
  {
    event: "another tool's annotation",
    type: "set",
    now: account("app", { ...app.annotations, noise: "y" }),
    told: false,
  },
  { event: "nothing but the version", type: "set", now: app, told: false },
  {
    event: "an annotation where no role is asked for",
    type: "set",
    now: account("plain", { tags: "true" }),
    told: false,
  },
  { event: "a deletion", type: "deleted", now: app, told: true },
  { event: "a deletion of one that is not known", type: "deleted", now: account("unknown"), told: false },
] as const)("$event is told: $told", async ({ type, now, told }) => {
  const cluster = clusterOf(app, plain);
  const { informer, changes } = await follow(cluster);
  await cluster.open.send(type, now, "11");
  expect(changes).toEqual(told ? [`shop/${now.name}`] : []);
  const found = informer.snapshot();
  const names = found.state === "complete" ? found.items.map(({ name }) => name) : [];
  expect(names.includes(now.name)).toBe(type === "set");
});

test("a watch that the API server ends goes on at once, from the last bookmark, and was never away", async () => {
  const cluster = clusterOf(app);
  const { clock, states, informer } = await follow(cluster);
  await cluster.open.send("set", plain, "11");
  for (const minute of [1, 2, 3, 4]) {
    await cluster.open.bookmark(`${minute}0`);
    await clock.advance(60_000);
  }
  await cluster.open.end();
  expect(cluster.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(["10", "40"]);
  expect(cluster.lists).toBe(1);
  expect(states).toEqual(["connecting", "live"]);
  expect(informer.snapshot().state).toBe("complete");
});

test("a watch that ends as soon as it is opened is opened again ever later, up to half a minute", async () => {
  const cluster = clusterOf(app);
  const { clock } = await follow(cluster);
  const waits: number[] = [];
  for (let ends = 0; ends < 8; ends += 1) {
    const [opened, before] = [cluster.watches.length, clock.steady()];
    await cluster.open.end();
    while (cluster.watches.length === opened) await clock.advance(250);
    waits.push(clock.steady() - before);
  }
  expect(waits).toEqual([750, 1250, 2250, 4250, 8250, 15_250, 15_250, 15_250]);
});

test("a watch that breaks goes on from its version, and what was known stays", async () => {
  const cluster = clusterOf(app);
  const { informer, clock, changes, states } = await follow(cluster);
  await cluster.open.send("set", plain, "11");
  await clock.advance(60_000);
  await cluster.open.break(new UserError("watch: connection reset"));
  expect(states.at(-1)).toBe("connecting: watch: connection reset");
  expect(informer.snapshot()).toMatchObject({
    state: "complete",
    items: [{ name: "app" }, { name: "plain" }],
  });
  await clock.advance(1_000);
  expect(cluster.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(["10", "11"]);
  expect(states.at(-1)).toBe("live");
  expect(changes).toEqual(["shop/plain"]);
});

test("what could not be watched for too long is no knowledge, until it is listed again", async () => {
  const cluster = clusterOf(app, plain);
  const { informer, clock, changes, relists } = await follow(cluster);
  cluster.watch = new UserError("watch: 403");
  cluster.list = new UserError("list: 503");
  await cluster.open.break(new UserError("watch: connection reset"));
  await clock.advance(119_000);
  expect(informer.snapshot().state).toBe("complete");
  expect(cluster.lists).toBe(1);
  await clock.advance(31_000);
  expect(informer.snapshot()).toEqual({
    state: "failed",
    reason: "ServiceAccounts not watched for 150 s: list: 503",
  });
  cluster.list = { items: [app, account("new")], resourceVersion: "90" };
  cluster.watch = "opens";
  await clock.advance(30_000);
  expect(informer.snapshot()).toMatchObject({ state: "complete", items: [{ name: "app" }, { name: "new" }] });
  expect(cluster.watches.at(-1)?.resourceVersion).toBe("90");
  expect(changes).toEqual(["shop/plain", "shop/new"]);
  expect(relists).toEqual([2, 2]);
});

test("where the version is forgotten, a new list tells what came, went and changed", async () => {
  const cluster = clusterOf(app, plain, account("same", { [ROLE]: "same" }));
  const { clock, changes, states } = await follow(cluster);
  cluster.list = {
    items: [
      account("app", { [ROLE]: "other" }),
      account("new"),
      account("same", { [ROLE]: "same", noise: "z" }),
    ],
    resourceVersion: "500",
  };
  await cluster.open.break(new RelistError("watch: 410 too old resource version"));
  expect(states.at(-1)).toBe("connecting: watch: 410 too old resource version");
  await clock.advance(1_000);
  expect(changes).toEqual(["shop/plain", "shop/app", "shop/new"]);
  expect(cluster.watches.at(-1)?.resourceVersion).toBe("500");
});

test("a new list that fails empties nothing", async () => {
  const cluster = clusterOf(app);
  const { informer, clock, changes } = await follow(cluster);
  cluster.list = new UserError("list: 500");
  await cluster.open.break(new RelistError("watch: 410"));
  await clock.advance(20_000);
  expect(cluster.lists).toBeGreaterThan(2);
  expect(informer.snapshot()).toMatchObject({ state: "complete", items: [{ name: "app" }] });
  expect(changes).toEqual([]);
});

test("a watch that says nothing for long is opened anew, and was never away where the API server answers", async () => {
  const cluster = clusterOf(app);
  const { clock, states } = await follow(cluster);
  await clock.advance(89_000);
  await cluster.open.bookmark("11");
  await clock.advance(89_000);
  expect(cluster.watches).toHaveLength(1);
  await clock.advance(1_000);
  expect(cluster.watches[0]?.signal.aborted).toBe(true);
  expect(cluster.watches).toHaveLength(2);
  expect(cluster.watches[1]?.resourceVersion).toBe("11");
  expect(states.at(-1)).toBe("live");
  expect(states.slice(2)).toEqual([]);
});

test("where the API server does not answer then, nothing is known since the last word", async () => {
  const cluster = clusterOf(app);
  const { clock, states, informer } = await follow(cluster);
  cluster.watch = "hangs";
  cluster.list = "hangs";
  await clock.advance(90_000);
  expect(informer.snapshot()).toMatchObject({ state: "complete" });
  await clock.advance(30_000);
  expect(states.at(-1)).toBe("connecting: watch serviceaccounts: no answer within 30 s");
  await clock.advance(1_000);
  expect(informer.snapshot()).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/^ServiceAccounts not watched for 12\d s: /),
  });
});

test("an API server that does not answer a watch is asked again", async () => {
  const cluster = clusterOf(app);
  cluster.watch = "hangs";
  const { clock, states } = await follow(cluster);
  await clock.advance(30_000);
  expect(states.at(-1)).toBe("connecting: watch serviceaccounts: no answer within 30 s");
  cluster.watch = "opens";
  await clock.advance(1_000);
  expect(states.at(-1)).toBe("live");
});

test("a cluster that can't be listed says why, does not hold up who waits, and is tried again", async () => {
  const cluster = new FakeCluster();
  cluster.list = new UserError("list: 401 Unauthorized");
  const { informer, clock, changes } = await follow(cluster);
  await informer.synced;
  expect(informer.snapshot()).toEqual({
    state: "failed",
    reason: "ServiceAccounts not listed yet: list: 401 Unauthorized",
  });
  cluster.list = { items: [app], resourceVersion: "10" };
  await clock.advance(1_000);
  expect(informer.snapshot()).toMatchObject({ state: "complete", items: [{ name: "app" }] });
  expect(changes).toEqual([]);
});

test.each(["while it watches", "while it waits", "while it lists"])(
  "%s it can be stopped, and is silent then",
  async (when) => {
    const cluster = clusterOf(app);
    if (when === "while it lists") cluster.list = "hangs";
    if (when === "while it waits") cluster.watch = new UserError("watch: 500");
    const { informer, clock, states } = await follow(cluster);
    const told = states.length;
    await informer.stop();
    await informer.synced;
    await clock.advance(600_000);
    expect(states).toHaveLength(told);
    expect(clock.waiting).toBe(0);
  },
);
