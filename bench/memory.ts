import type { RunningCluster } from "../sandbox/index.ts";
import { annotateServiceAccount, createServiceAccounts } from "../sandbox/serviceAccounts.ts";
import {
  inScene,
  listed,
  nextInterval,
  ROLE,
  roleArn,
  type Scene,
  serviceAccount,
  waitUntil,
} from "./scene.ts";
import { median, spread } from "./spread.ts";
import { printLoad, printTable, printTargets } from "./targets.ts";

const LARGE = { clusters: 5, serviceAccounts: 1_000 };
const SMALL = { clusters: 1, serviceAccounts: 50 };
const MB = 1_000_000;
const MOST_MB = 350;
const LARGE_SAMPLES = 5;
const INTERVALS = 1_000;
const CHANGE_EVERY = 5;
const SAMPLE_EVERY = 20;
/** The first intervals fill what is kept for the page: 50 updates with their logs, metrics of each kind. */
const WARM_UP_INTERVALS = 300;
/** Garbage and caches aside, so much for each interval would be a leak: 10 MB in a thousand intervals. */
const MOST_KB_PER_INTERVAL = 10;
const LIMIT_MS = 60_000;

/** Memory after some intervals. */
interface Sample {
  readonly intervals: number;
  readonly rss: number;
  readonly heap: number;
  /** Of the engine's process, between two updates. */
  readonly engine: number;
}

/** Measures the daemon's memory, its size and its growth; false where it is too much. */
export async function benchMemory(): Promise<boolean> {
  const large = await inScene(LARGE, measureSize);
  const growth = await inScene(SMALL, measureGrowth);
  const warm = growth.samples.filter(({ intervals }) => intervals >= WARM_UP_INTERVALS);
  const perInterval = slope(warm.map(({ intervals, heap }) => [intervals, heap])) / 1_000;
  const [first, last] = [warm[0], warm.at(-1)];
  const size = `${LARGE.clusters} x ${LARGE.serviceAccounts}`;
  printTable(
    ["MB", "median (min - max)"],
    [
      [`daemon, RSS, ${size}`, megabytes(large.samples.map(({ rss }) => rss))],
      [`daemon, heap, ${size}`, megabytes(large.samples.map(({ heap }) => heap))],
      [`its engine's process, RSS, ${size}`, megabytes(large.samples.map(({ engine }) => engine))],
      ["the same, at most in the full update", megabytes([large.enginePeak])],
      ["daemon, RSS over the intervals", megabytes(warm.map(({ rss }) => rss))],
      ["daemon, heap over the intervals", megabytes(warm.map(({ heap }) => heap))],
      ["its engine's process, RSS over the intervals", megabytes(warm.map(({ engine }) => engine))],
    ],
  );
  console.log(
    `${warm.length} samples from interval ${first?.intervals} to ${last?.intervals}, with ${growth.updates} updates`,
  );
  printLoad();
  const rss = median(large.samples.map((sample) => sample.rss)) / MB;
  return printTargets([
    {
      what: `daemon, RSS, ${size}`,
      target: `< ${MOST_MB} MB`,
      result: `${rss.toFixed(0)} MB`,
      met: rss < MOST_MB,
    },
    {
      what: "heap growth",
      target: `< ${MOST_KB_PER_INTERVAL} kB an interval`,
      result: `${perInterval.toFixed(1)} kB`,
      met: perInterval < MOST_KB_PER_INTERVAL,
    },
  ]);
}

async function measureSize(
  scene: Scene,
): Promise<{ readonly samples: readonly Sample[]; enginePeak: number }> {
  const daemon = await scene.daemon({ INTERVAL: "5s" });
  scene.spinner.text = `memory with ${LARGE.clusters} x ${LARGE.serviceAccounts} ServiceAccounts`;
  const samples: Sample[] = [];
  while (samples.length < LARGE_SAMPLES) {
    await nextInterval(scene, LIMIT_MS);
    samples.push({ intervals: listed(scene), ...(await daemon.memory()) });
  }
  return { samples, enginePeak: daemon.all("updated")[0]?.enginePeak ?? Number.NaN };
}

/** Short intervals, and changes that each make a ServiceAccount of a name never seen before or take one's role away. */
async function measureGrowth(
  scene: Scene,
): Promise<{ readonly samples: readonly Sample[]; updates: number }> {
  const daemon = await scene.daemon({ INTERVAL: "100ms" });
  const [cluster] = scene.sandbox.clusters;
  if (cluster === undefined) throw new Error("the scene has no cluster");
  const samples: Sample[] = [];
  for (let interval = 0; interval < INTERVALS; interval++) {
    scene.spinner.text = `interval ${interval} of ${INTERVALS}`;
    if (interval % CHANGE_EVERY === 0) await change(scene, cluster, interval / CHANGE_EVERY);
    await nextInterval(scene, LIMIT_MS);
    if (interval % SAMPLE_EVERY === 0) samples.push({ intervals: interval, ...(await daemon.memory()) });
  }
  return { samples, updates: daemon.all("updated").length };
}

async function change(scene: Scene, cluster: RunningCluster, index: number): Promise<void> {
  const account = serviceAccount(SMALL.serviceAccounts + Math.floor(index / 2));
  const calls = scene.sandbox.aws.calls.mutating;
  if (index % 2 === 0) {
    await createServiceAccounts(cluster, [{ ...account, annotations: { [ROLE]: roleArn(index) } }]);
  } else await annotateServiceAccount(cluster, account, { [ROLE]: null });
  await waitUntil("the change", LIMIT_MS, () => scene.sandbox.aws.calls.mutating > calls);
}

/** Growth of y for each x, by least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((point) => point[0])), mean(points.map((point) => point[1]))];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

function megabytes(bytes: readonly number[]): string {
  return spread(bytes.map((one) => one / MB));
}
