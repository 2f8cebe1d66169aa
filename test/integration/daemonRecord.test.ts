import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { annotateServiceAccount } from "../../sandbox/serviceAccounts.ts";
import type { EngineOptions, StackEngine } from "../../src/runner/update/engine.ts";
import { openStackProcess } from "../../src/runner/update/engineProcess.ts";
import { recordedAfter } from "../../src/runner/update/recordedAfter.ts";
import { type DaemonPlace, daemonPlace, SOON } from "./daemonScene.ts";
import { HOME, OUR_TAGS, ROLE, roleArn, type Scene, startScene } from "./scene.ts";

// What an update's steps tell of the state is what the backend holds after it.
const blue = { name: "blue", region: "us-east-1", account: HOME };

let scene: Scene;
let place: DaemonPlace;

beforeAll(async () => {
  scene = await startScene([blue]);
  await scene.annotate(blue, { "shop/api": roleArn(blue, "api"), "shop/plain": null });
  place = await daemonPlace(scene, [{ region: blue.region, cluster_name: "^blue$" }]);
});
afterAll(() => scene?.stop());

/**
 * The daemon's own engine, which compares after each targeted update that
 * succeeded; after others the daemon reads the state.
 * @param compared which operations were told right
 */
function comparing(compared: string[]) {
  return async (options: EngineOptions): Promise<StackEngine> => {
    const engine = await openStackProcess(options);
    return {
      recorded: () => engine.recorded(),
      configuredClusters: () => engine.configuredClusters(),
      cancel: () => engine.cancel(),
      close: () => engine.close(),
      async run(run) {
        const before = await engine.recorded();
        const end = await engine.run(run);
        if (run.targets === undefined || end.result !== "succeeded") return end;
        const told = recordedAfter(before, run.planned, end.steps, options.stack);
        const isRight = told !== undefined && isDeepStrictEqual(told, await engine.recorded());
        const operations = end.steps.filter(({ urn }) => run.targets?.includes(urn));
        compared.push(`${operations.map(({ operation }) => operation).join(" ")}: ${isRight}`);
        return end;
      },
    };
  };
}

test("the state is as a create, an update, a delete and an adoption tell it", async () => {
  const compared: string[] = [];
  const { until } = await place.start({ INTERVAL: "2s" }, { openEngine: comparing(compared) });
  await until(({ updates }) => expect(updates).toHaveLength(1));
  const next = async (change: () => Promise<void>) => {
    const before = compared.length;
    await change();
    await vi.waitFor(() => expect(compared.length).toBeGreaterThan(before), SOON);
  };
  const account = { namespace: "shop", name: "new" };
  await next(() => scene.annotate(blue, { "shop/new": roleArn(blue, "api") }));
  await next(() => annotateServiceAccount(scene.running(blue), account, { [ROLE]: roleArn(blue, "worker") }));
  await next(() => annotateServiceAccount(scene.running(blue), account, { [ROLE]: null }));
  await next(async () => {
    // Ours by its tags, and not in the state. Seen before AWS is listed again, it fails as a create first.
    scene.sandbox.aws.world.putAssociation(blue, {
      namespace: "shop",
      serviceAccount: "adopted",
      roleArn: roleArn(blue, "api"),
      tags: OUR_TAGS,
    });
    await scene.annotate(blue, { "shop/adopted": roleArn(blue, "api") });
  });
  expect(compared).toEqual([
    "create: true",
    "update: true",
    "delete: true",
    expect.stringMatching(/: true$/),
  ]);
});
