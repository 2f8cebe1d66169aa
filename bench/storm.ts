import { annotateServiceAccount, createServiceAccounts } from "../sandbox/serviceAccounts.ts";
import type { ClusterRef } from "../src/model/cluster.ts";
import { keyOf } from "../src/model/serviceAccount.ts";
import { inScene, ROLE, roleArn, type Scene, serviceAccount, waitUntil } from "./scene.ts";
import { printLoad, printTargets } from "./targets.ts";

const SIZE = { clusters: 5, serviceAccounts: 200 };
const CHANGES = 500;
const STORM_MS = 10_000;
const LIMIT_MS = 90_000;
const MOST_UPDATES = 12;
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
      waitUntil("all in step", LIMIT_MS, () => inStep(scene, wanted)),
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

/** One change in each cluster at a time, in turn a new ServiceAccount, another role, and an annotation taken away. */
async function storm({ sandbox }: Scene): Promise<readonly (readonly [ClusterRef, Wanted])[]> {
  const wanted = sandbox.clusters.map(({ ref }) => [ref, held(sandbox.aws.world.associations(ref))] as const);
  const beats = CHANGES / SIZE.clusters;
  const start = performance.now();
  for (let beat = 0; beat < beats; beat++) {
    const due = start + (beat * STORM_MS) / beats;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const account = serviceAccount(beat % 3 === 0 ? SIZE.serviceAccounts + beat : beat);
    await Promise.all(
      sandbox.clusters.map(async (cluster, index) => {
        const roles = wanted[index]?.[1];
        const role = beat % 3 === 2 ? null : roleArn(beat + 1);
        const annotations = { [ROLE]: role };
        if (beat % 3 !== 0) await annotateServiceAccount(cluster, account, annotations);
        else
          await createServiceAccounts(cluster, [{ ...account, annotations: { [ROLE]: roleArn(beat + 1) } }]);
        if (role === null) roles?.delete(keyOf(account));
        else roles?.set(keyOf(account), role);
      }),
    );
  }
  return wanted;
}

function inStep({ sandbox }: Scene, wanted: readonly (readonly [ClusterRef, Wanted])[]): boolean {
  return wanted.every(([ref, roles]) => {
    const now = held(sandbox.aws.world.associations(ref));
    return now.size === roles.size && [...roles].every(([key, role]) => now.get(key) === role);
  });
}

function held(
  associations: readonly { namespace: string; serviceAccount: string; roleArn: string }[],
): Wanted {
  return new Map(associations.map((one) => [`${one.namespace}/${one.serviceAccount}`, one.roleArn]));
}
