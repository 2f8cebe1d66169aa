import { kubernetesCalls, untilUnasked } from "./kubernetesCalls.ts";
import { inScene, nextInterval } from "./scene.ts";
import { median } from "./spread.ts";
import { printLoad, printTable, printTargets } from "./targets.ts";

const SIZE = { clusters: 5, serviceAccounts: 200 };
const INTERVAL_S = 3;
const INTERVALS = 8;
const LIMIT_MS = INTERVAL_S * 10_000;
/** All roles are described within so many intervals. */
const DRIFT_INTERVALS = 10;

/** What an interval may ask of AWS. Lists show 100 to a page: 2 for each cluster, and 10 of tags for the region. */
const PAGES = { ListClusters: 1, ListPodIdentityAssociations: 10, GetResources: 10 };
/** And the slice. */
const SLICE = "DescribePodIdentityAssociation";

/** Counts what intervals with nothing to do cost; false where they cost more than they may. */
export async function benchIdle(): Promise<boolean> {
  const { perInterval, updates, kubernetes } = await inScene(SIZE, async ({ sandbox, daemon, spinner }) => {
    const { calls } = sandbox.aws;
    const running = await daemon({
      INTERVAL: `${INTERVAL_S}s`,
      DRIFT_PERIOD: `${INTERVAL_S * DRIFT_INTERVALS}s`,
    });
    // The first describes what the start left open.
    await nextInterval({ sandbox }, LIMIT_MS);
    await nextInterval({ sandbox }, LIMIT_MS);
    const kubernetesBefore = await untilUnasked(sandbox.clusters);
    await nextInterval({ sandbox }, LIMIT_MS);
    const updatesBefore = running.all("update").length;
    const perInterval: ReadonlyMap<string, number>[] = [];
    for (let interval = 0; interval < INTERVALS; interval++) {
      spinner.text = `interval ${interval + 1} of ${INTERVALS}`;
      const seen = calls.all().length;
      await nextInterval({ sandbox }, LIMIT_MS);
      perInterval.push(countActions(calls.all().slice(seen)));
    }
    const after = await kubernetesCalls(sandbox.clusters);
    return {
      perInterval,
      updates: running.all("update").length - updatesBefore,
      kubernetes: Array.from(
        after,
        ([key, count]) => [key, count - (kubernetesBefore.get(key) ?? 0)] as const,
      ),
    };
  });
  const actions = new Set(perInterval.flatMap((counts) => [...counts.keys()]));
  const each = (action: string) => perInterval.map((counts) => counts.get(action) ?? 0);
  printTable(
    ["AWS calls in an interval", "median", "min", "max"],
    Array.from(actions, (action) => {
      const counts = each(action);
      return [action, ...[median(counts), Math.min(...counts), Math.max(...counts)].map(String)];
    }),
  );
  const asked = kubernetes.filter(([, count]) => count > 0);
  const others = [...actions].filter((action) => action !== SLICE && !(action in PAGES));
  const slice = (SIZE.clusters * SIZE.serviceAccounts) / DRIFT_INTERVALS;
  printLoad();
  return printTargets([
    { what: "updates", target: "0", result: String(updates), met: updates === 0 },
    {
      what: "Kubernetes calls",
      target: "0",
      result: asked.map(([key, count]) => `${key} ${count}`).join(", ") || "0",
      met: asked.length === 0,
    },
    ...Object.entries(PAGES).map(([action, pages]) => ({
      what: action,
      target: `<= ${pages} pages`,
      result: String(median(each(action))),
      met: median(each(action)) <= pages,
    })),
    {
      what: SLICE,
      target: `${slice}, a ${DRIFT_INTERVALS}th`,
      result: String(median(each(SLICE))),
      met: median(each(SLICE)) === slice,
    },
    {
      what: "other AWS calls",
      target: "0",
      result: others.map((action) => `${action} ${median(each(action))}`).join(", ") || "0",
      met: others.every((action) => median(each(action)) === 0),
    },
  ]);
}

function countActions(calls: readonly { readonly action: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { action } of calls) counts.set(action, (counts.get(action) ?? 0) + 1);
  return counts;
}
