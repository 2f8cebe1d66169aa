import { annotateServiceAccount, createServiceAccounts } from "../sandbox/serviceAccounts.ts";
import type { MeasuredDaemon } from "./daemon.ts";
import { inScene, ROLE, roleArn, type Scene, type SceneSize, serviceAccount } from "./scene.ts";
import { median, spread } from "./spread.ts";
import { printLoad, printTable, printTargets } from "./targets.ts";

const LARGE = { clusters: 5, serviceAccounts: 1_000 };
const SMALL = { clusters: 1, serviceAccounts: 50 };
const MB = 1_000_000;
const MOST_MB = 350;
/** Garbage and caches aside, so much for each interval would be a leak: 10 MB in a thousand intervals. */
const MOST_KB_PER_INTERVAL = 10;
const ROUNDS_MS = 45_000;
const WARM_UP_SAMPLES = 5;

/** Memory after some intervals with changes. */
interface Sample {
  readonly intervals: number;
  readonly rss: number;
  readonly heap: number;
}

/** Measures the daemon's memory, its size and its growth; false where it is too much. */
export async function benchMemory(): Promise<boolean> {
  const large = await inScene(LARGE, async (scene) => {
    const daemon = await scene.daemon({ INTERVAL: "5s", POLICY_PACK: "false" });
    const samples = [];
    for (let sample = 0; sample < 3; sample++) {
      scene.spinner.text = `memory with ${LARGE.clusters} x ${LARGE.serviceAccounts} ServiceAccounts`;
      const before = listed(scene);
      await settled(daemon, () => listed(scene) > before);
      samples.push(await daemon.memory());
    }
    return samples;
  });
  const growth = await inScene(SMALL, (scene) => grow(scene, SMALL));
  const warm = growth.slice(WARM_UP_SAMPLES);
  const perInterval = slope(warm.map(({ intervals, heap }) => [intervals, heap])) / 1_000;
  const [first, last] = [warm[0], warm.at(-1)];
  printTable(
    ["MB", "median (min - max)"],
    [
      [`RSS, ${LARGE.clusters} x ${LARGE.serviceAccounts}`, megabytes(large.map(({ rss }) => rss))],
      [`heap, ${LARGE.clusters} x ${LARGE.serviceAccounts}`, megabytes(large.map(({ heap }) => heap))],
      ["RSS over the intervals", megabytes(warm.map(({ rss }) => rss))],
      ["heap over the intervals", megabytes(warm.map(({ heap }) => heap))],
    ],
  );
  console.log(
    `${warm.length} samples, intervals ${first?.intervals} to ${last?.intervals}, a change before each sample`,
  );
  printLoad();
  const rss = median(large.map((sample) => sample.rss)) / MB;
  return printTargets([
    {
      what: `RSS, ${LARGE.clusters} x ${LARGE.serviceAccounts}`,
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

/** Short intervals, and changes that each make a ServiceAccount of a name never seen before or take one's role away. */
async function grow(scene: Scene, size: SceneSize): Promise<readonly Sample[]> {
  const daemon = await scene.daemon({ INTERVAL: "250ms" });
  const [cluster] = scene.sandbox.clusters;
  if (cluster === undefined) throw new Error("the scene has no cluster");
  const samples: Sample[] = [];
  const end = performance.now() + ROUNDS_MS;
  for (let change = 0; performance.now() < end; change++) {
    scene.spinner.text = `intervals with changes: ${listed(scene)}`;
    const account = serviceAccount(size.serviceAccounts + Math.floor(change / 2));
    const calls = scene.sandbox.aws.calls.mutating;
    if (change % 2 === 0) {
      await createServiceAccounts(cluster, [{ ...account, annotations: { [ROLE]: roleArn(change) } }]);
    } else await annotateServiceAccount(cluster, account, { [ROLE]: null });
    await settled(daemon, () => scene.sandbox.aws.calls.mutating > calls);
    const { rss, heap } = await daemon.memory();
    samples.push({ intervals: listed(scene), rss, heap });
  }
  return samples;
}

/** How many times AWS was looked at. */
function listed({ sandbox }: Scene): number {
  return sandbox.aws.calls.all("ListClusters").length;
}

/** Waits until something holds and the state was read after it. */
async function settled(daemon: MeasuredDaemon, holds: () => boolean): Promise<void> {
  await daemon.until(holds);
  const read = daemon.all("recorded").length;
  await daemon.until(() => daemon.all("recorded").length > read);
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
