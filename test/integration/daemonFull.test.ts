import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type DaemonPlace, daemonPlace } from "./daemonScene.ts";
import { changesAt, HOME, roleArn, type Scene, startScene } from "./scene.ts";

// Full updates of more associations than are on their way at a time.
const blue = { name: "blue", region: "us-east-1", account: HOME };
const COUNT = 250;
const BY_EVENTS = { INTERVAL: "1h" };

let scene: Scene;
let place: DaemonPlace;

beforeAll(async () => {
  scene = await startScene([blue]);
  const names = Array.from({ length: COUNT }, (_, index) => `shop/service-${index}`);
  await scene.annotate(blue, Object.fromEntries(names.map((name) => [name, roleArn(blue, "api")])));
  place = await daemonPlace(scene, [
    { region: blue.region, cluster_name: "^blue$", service_account_reads: "list" },
  ]);
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

async function firstUpdate(settings: Readonly<Record<string, string>>) {
  const { until } = await place.start({ ...BY_EVENTS, ...settings });
  return until(({ updates }) => {
    const [first] = updates;
    expect(first).toBeDefined();
    return first;
  });
}

describe.sequential("a daemon with many ServiceAccounts", () => {
  test("previews them all", async () => {
    expect(await firstUpdate({ DRY: "true" })).toMatchObject({ kind: "preview", result: "succeeded" });
    expect(changesAt(scene.sandbox)).toEqual({});
  });

  test("leaves nothing half done when it is canceled in the middle", async () => {
    const { cancel, stop, done } = await place.start(BY_EVENTS);
    await scene.sandbox.aws.calls.waitFor(({ action }) => action === "CreatePodIdentityAssociation");
    stop();
    cancel();
    await done;
    const made = Object.keys(scene.held(blue)).length;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(COUNT);
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: made });
  });

  test("makes those that are left, and has all in its state", async () => {
    const before = Object.keys(scene.held(blue)).length;
    expect(await firstUpdate({})).toMatchObject({ kind: "up", result: "succeeded" });
    expect(Object.keys(scene.held(blue))).toHaveLength(COUNT);
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: COUNT - before });
  });

  test("finds nothing to do where all are there", async () => {
    expect(await firstUpdate({})).toMatchObject({ kind: "up", result: "succeeded" });
    expect(changesAt(scene.sandbox)).toEqual({});
  });
});
