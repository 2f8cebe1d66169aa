import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { openStackProcess } from "../../src/runner/update/engineProcess.ts";
import { type DaemonPlace, daemonPlace, SOON } from "./daemonScene.ts";
import { HOME, roleArn, type Scene, startScene } from "./scene.ts";

// The plan leaves out what a restricted role forbids; here the policy pack is stricter than the plan.
const blue = { name: "blue", region: "us-east-1", account: HOME };
const entry = { region: blue.region, cluster_name: "^blue$", service_account_reads: "list" };
const allowNobody = [{ role_arn: ":role/admin$", allow: [] }];

let scene: Scene;
let place: DaemonPlace;
let strict: string;

beforeAll(async () => {
  scene = await startScene([blue]);
  await scene.annotate(blue, { "shop/api": roleArn(blue, "api"), "shop/plain": null });
  place = await daemonPlace(scene, [entry]);
  strict = join(place.projectDirectory, "strict.yaml");
});
afterAll(() => scene?.stop());
beforeEach(() => writeStrict(allowNobody));

function writeStrict(restrict_roles: readonly object[]): Promise<void> {
  return writeFile(strict, stringify({ clusters: [{ ...entry, restrict_roles }] }));
}

test("every update of the daemon is held to the policy pack, with the rules as they are then", async () => {
  const { until } = await place.start(
    { INTERVAL: "1h", POLICY_PACK: "true" },
    { openEngine: (options) => openStackProcess({ ...options, environment: { CONFIG_FILE: strict } }) },
  );
  await until(({ updates }) => expect(updates[0]).toMatchObject({ result: "succeeded" }));
  await scene.annotate(blue, { "shop/admin": roleArn(blue, "admin") });
  await until(({ updates }) =>
    expect(updates[0]).toMatchObject({
      result: "failed",
      error: expect.stringMatching(/shop\/admin: policy restrict-roles: .*may not use role/),
    }),
  );
  expect(scene.held(blue)).not.toHaveProperty("shop/admin");
  await writeStrict([]);
  await vi.waitFor(() => expect(scene.held(blue)).toHaveProperty("shop/admin"), SOON);
});
