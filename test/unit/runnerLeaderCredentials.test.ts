import { KubeConfig } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { reusedKubeConfig } from "../../src/kubernetes/reusedKubeConfig.ts";

test("credentials are used again, but not for as long as EKS takes a token, and not after a failure", async () => {
  let now = 0;
  let loads = 0;
  const config = reusedKubeConfig(
    async () => {
      loads += 1;
      if (loads === 4) throw new Error("no credentials");
      return new KubeConfig();
    },
    () => now,
  );
  const first = await config.get();
  now = 9 * 60_000;
  expect(await config.get()).toBe(first);
  now = 14 * 60_000;
  expect(await config.get()).not.toBe(first);
  expect(loads).toBe(2);
  config.drop();
  await config.get();
  expect(loads).toBe(3);
  config.drop();
  await expect(config.get()).rejects.toThrow("no credentials");
  await config.get();
  expect(loads).toBe(5);
});
