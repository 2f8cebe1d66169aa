import { annotateServiceAccount, createServiceAccounts } from "../sandbox/serviceAccounts.ts";
import type { MeasuredDaemon } from "./daemon.ts";
import { inScene, ROLE, roleArn, type Scene, serviceAccount } from "./scene.ts";
import { percentile, spread } from "./spread.ts";
import { printLoad, printTable, printTargets } from "./targets.ts";

const SIZE = { clusters: 5, serviceAccounts: 200 };
const CHANGES = 30;
const KINDS = ["a new ServiceAccount", "another role", "no role any more"];
/** Each change meets a loop at rest: the update before it has ended, and its round began more than a second ago. */
const REST_MS = 500;
/** After the first update, of all: its state is read, and its process replaced. */
const FIRST_REST_MS = 4_000;
const LIMIT_MS = 30_000;

/** Where the time of one change went, in milliseconds. */
interface Reaction {
  readonly total: number;
  /** From the write to the engine's start: watch, wait for neighbours, plan. */
  readonly round: number;
  /** CLI start, policy pack and state. */
  readonly cli: number;
  /** The program, the plugin's start and the call's arrival. */
  readonly program: number;
  /** From the call's arrival to the end of the update. */
  readonly end: number;
}

/** Measures the time from a write at an API server to the call at EKS; false where a target is missed. */
export async function benchReaction(): Promise<boolean> {
  const reactions = await inScene(SIZE, async (scene) => {
    const daemon = await scene.daemon();
    scene.spinner.text = "rest after the first update";
    await new Promise((resolve) => setTimeout(resolve, FIRST_REST_MS));
    const all: Reaction[] = [];
    for (let change = 0; change < CHANGES; change++) {
      scene.spinner.text = `change ${change + 1} of ${CHANGES}`;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      all.push(await react(scene, daemon, change));
    }
    return all;
  });
  const totals = reactions.map(({ total }) => total);
  printTable(
    ["ms", "median (min - max)"],
    [
      ["write -> engine asked (watch, plan)", spread(reactions.map(({ round }) => round))],
      ["-> program runs (CLI, policy pack, state)", spread(reactions.map(({ cli }) => cli))],
      ["-> call at EKS (program, aws plugin)", spread(reactions.map(({ program }) => program))],
      ["in all", spread(totals)],
      ...KINDS.map((kind, index) => [
        `in all: ${kind}`,
        spread(totals.filter((_, change) => change % KINDS.length === index)),
      ]),
      ["afterwards: -> update ended", spread(reactions.map(({ end }) => end))],
    ],
  );
  printLoad();
  const [p50, p95] = [percentile(totals, 50), percentile(totals, 95)];
  return printTargets([
    { what: "p50", target: "< 1200 ms", result: `${p50} ms`, met: p50 < 1_200 },
    { what: "p95", target: "< 2000 ms", result: `${p95} ms`, met: p95 < 2_000 },
  ]);
}

/** One change, in turn a new ServiceAccount, another role for it, and its annotation taken away. */
async function react(scene: Scene, daemon: MeasuredDaemon, change: number): Promise<Reaction> {
  const { clusters, aws } = scene.sandbox;
  const running = clusters[Math.floor(change / KINDS.length) % clusters.length];
  if (running === undefined) throw new Error("the scene has no cluster");
  const account = {
    ...serviceAccount(change),
    name: `new-${Math.floor(change / KINDS.length)}`,
    namespace: "team-0",
  };
  const marks = daemon.marks.length;
  aws.calls.clear();
  const start = Date.now();
  if (change % KINDS.length === 0) await createServiceAccounts(running, [account]);
  else {
    const role = change % KINDS.length === 1 ? roleArn(change) : null;
    await annotateServiceAccount(running, account, { [ROLE]: role });
  }
  const late = setTimeout(
    () => daemon.fail(`change ${change}: no call within ${LIMIT_MS / 1000} s`),
    LIMIT_MS,
  );
  const call = await Promise.race([aws.calls.waitFor(({ mutating }) => mutating), daemon.until(() => false)]);
  await daemon.quiet(marks);
  clearTimeout(late);
  const told = new Map<string, number>(
    daemon.marks.slice(marks).map((one) => [one.what, "at" in one ? one.at : Number.NaN]),
  );
  const at = (what: string) => told.get(what) ?? Number.NaN;
  const called = call?.time ?? Number.NaN;
  return {
    total: called - start,
    round: at("update") - start,
    cli: at("program") - at("update"),
    program: called - at("program"),
    end: at("updated") - called,
  };
}
