import { annotateServiceAccount } from "../sandbox/serviceAccounts.ts";
import { loadConfig } from "../src/config/load.ts";
import { configSource } from "../src/config/source.ts";
import { systemClock } from "../src/runner/clock.ts";
import { StackLoop } from "../src/runner/loop/stackLoop.ts";
import { observers } from "../src/runner/observers.ts";
import { openStack } from "../src/runner/update/engine.ts";
import { StackUpdates } from "../src/runner/update/stackUpdates.ts";
import { inScene, ROLE, roleArn, type Scene, serviceAccount } from "./scene.ts";
import { printLoad, printTargets } from "./targets.ts";

const SIZE = { clusters: 1, serviceAccounts: 20 };
const INTERVAL_MS = 60_000;
const DAY_MS = 24 * 60 * INTERVAL_MS;
/** Every two hours something changes, which a daemon that may would update. */
const CHANGE_EVERY_MS = 120 * INTERVAL_MS;

/** Runs a day's intervals with DRY, the clock moved by hand; false where one of them changes something in AWS. */
export async function benchDry(): Promise<boolean> {
  const counted = await inScene(SIZE, async (scene) => {
    Object.assign(process.env, scene.environment);
    const day = await dryDay(scene);
    return { ...day, mutating: scene.sandbox.aws.calls.mutating };
  });
  printLoad();
  return printTargets([
    {
      what: "calls that change something in AWS",
      target: "0",
      result: `${counted.mutating} in ${counted.rounds} intervals of a minute, with ${counted.previews} previews`,
      met: counted.mutating === 0 && counted.previews > 0 && counted.inStep === counted.rounds,
    },
  ]);
}

async function dryDay({ sandbox, stack, projectDirectory, environment, spinner }: Scene) {
  const opened = await openStack({ stack, projectDirectory, environment, policyPack: false });
  // Previews leave the state as it is; reading it 1,440 times is most of the time that this would take.
  const recorded = await opened.recorded();
  const engine = { ...opened, recorded: async () => recorded };
  const config = loadConfig(
    configSource(environment, { name: "the stack's configuration", clusters: undefined }),
  );
  let now = Date.now();
  let previews = 0;
  // Only what is compared with the time of day moves by hand: the watch goes on in real time.
  const clock = { ...systemClock, now: () => now };
  const observer = observers([
    {
      updateStarted({ kind }) {
        if (kind === "preview") previews += 1;
      },
    },
  ]);
  const loop = new StackLoop({
    stack,
    config: async () => config,
    updates: new StackUpdates(stack, engine, true, observer, clock),
    observer,
    drift: { intervalMs: INTERVAL_MS, periodMs: 60 * INTERVAL_MS },
    leading: () => true,
    clock,
    choices: { missingRoles: "wait" },
  });
  let [rounds, inStep] = [0, 0];
  try {
    for (let elapsed = 0; elapsed < DAY_MS; elapsed += INTERVAL_MS) {
      spinner.text = `minute ${elapsed / INTERVAL_MS} of ${DAY_MS / INTERVAL_MS}`;
      now += INTERVAL_MS;
      if (elapsed % CHANGE_EVERY_MS === 0) {
        const change = elapsed / CHANGE_EVERY_MS;
        for (const cluster of sandbox.clusters)
          await annotateServiceAccount(cluster, serviceAccount(change), { [ROLE]: roleArn(change + 1) });
      }
      rounds += 1;
      if (await loop.round(elapsed === 0 ? "start" : "interval")) inStep += 1;
    }
  } finally {
    await loop.stop();
  }
  return { rounds, previews, inStep };
}
