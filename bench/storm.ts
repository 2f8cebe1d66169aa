import { annotateServiceAccount, createServiceAccounts } from "../sandbox/serviceAccounts.ts";
import type { ClusterRef } from "../src/model/cluster.ts";
import { keyOf } from "../src/model/serviceAccount.ts";
import { inScene, ROLE, roleArn, type Scene, serviceAccount, waitUntil } from "./scene.ts";
import { printLoad, printTargets } from "./targets.ts";

const SIZE = { clusters: 5, serviceAccounts: 200 };
const CHANGES = 500;
const STORM_MS = 10_000;
const LIMIT_MS = 60_000;
const MOST_UPDATES = 12;
/** One change in so many takes an annotation away: 20 in a cluster, which the limit of deletions always lets through at once. */
const DELETION_EVERY = 5;
const SETTLED_MS = 15_000;

/** Changes 500 ServiceAccounts in ten seconds, and waits until EKS holds what they ask for; false where that takes too much. */
export async function benchStorm(): Promise<boolean> {
  const { took, settled, updates } = await inScene(SIZE, async (scene) => {
    const daemon = await scene.daemon();
    const before = daemon.all("update").length;
    scene.spinner.text = "storm";
    const start = performance.now();
    const wanted = await storm(scene);
    const end = performance.now();
    scene.spinner.text = "waiting until all is in step";
    await Promise.race([
      waitUntil("all in step", LIMIT_MS, () => missing(scene, wanted) === 0).catch((error) => {
        throw new Error(`${missing(scene, wanted)} associations are not in step`, { cause: error });
      }),
      daemon.until(() => false),
    ]);
    const settled = performance.now() - end;
    await daemon.quiet();
    return { took: end - start, settled, updates: daemon.all("update").length - before };
  });
  printLoad();
  return printTargets([
    {
      what: "updates",
      target: `<= ${MOST_UPDATES}`,
      result: `${updates} for ${CHANGES} changes in ${(took / 1000).toFixed(1)} s`,
      met: updates <= MOST_UPDATES,
    },
    {
      what: "last change until all is in step",
      target: `< ${SETTLED_MS / 1000} s`,
      result: `${(settled / 1000).toFixed(1)} s`,
      met: settled < SETTLED_MS,
    },
  ]);
}

/** Role by `namespace/name`. */
type Wanted = Map<string, string>;

/** One change in each cluster at a time: a new ServiceAccount, another role, or an annotation taken away. */
async function storm({ sandbox }: Scene): Promise<readonly (readonly [ClusterRef, Wanted])[]> {
  const wanted = sandbox.clusters.map(({ ref }) => [ref, held(sandbox.aws.world.associations(ref))] as const);
  const beats = CHANGES / SIZE.clusters;
  const start = performance.now();
  for (let beat = 0; beat < beats; beat++) {
    const due = start + (beat * STORM_MS) / beats;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const gone = beat % DELETION_EVERY === 0;
    const isNew = !gone && beat % 2 === 0;
    const account = serviceAccount(isNew ? SIZE.serviceAccounts + beat : beat);
    const role = gone ? null : roleArn(beat + 1);
    await Promise.all(
      sandbox.clusters.map(async (cluster, index) => {
        const roles = wanted[index]?.[1];
        if (isNew)
          await createServiceAccounts(cluster, [{ ...account, annotations: { [ROLE]: role ?? "" } }]);
        else await annotateServiceAccount(cluster, account, { [ROLE]: role });
        if (role === null) roles?.delete(keyOf(account));
        else roles?.set(keyOf(account), role);
      }),
    );
  }
  return wanted;
}

/** How many associations are not, or not yet, as they are to be. */
function missing({ sandbox }: Scene, wanted: readonly (readonly [ClusterRef, Wanted])[]): number {
  const counts = wanted.map(([ref, roles]) => {
    const now = held(sandbox.aws.world.associations(ref));
    const keys = new Set([...now.keys(), ...roles.keys()]);
    return [...keys].filter((key) => now.get(key) !== roles.get(key)).length;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

function held(
  associations: readonly { namespace: string; serviceAccount: string; roleArn: string }[],
): Wanted {
  return new Map(associations.map((one) => [`${one.namespace}/${one.serviceAccount}`, one.roleArn]));
}
