import type { AssociationDetails } from "../src/aws/eks.ts";
import { carriesTags } from "../src/model/association.ts";
import { clusterKey } from "../src/model/cluster.ts";
import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../src/model/serviceAccount.ts";
import { UserError } from "../src/model/userError.ts";
import { type DesireRules, desireOf } from "../src/plan/desire.ts";
import type { StaleAssociation, StaleAssociationsInputs } from "./inputs.ts";
import { readRules } from "./rules.ts";

/** What the purge asks and does in one cluster. Each call throws UserError where it has no certain answer. */
export interface ClusterEdges {
  /** The association as AWS has it now; undefined where it is gone. */
  describe(associationId: string): Promise<AssociationDetails | undefined>;
  /** The ServiceAccount as the API server has it now; undefined where there is none. */
  serviceAccount(ref: ServiceAccountRef): Promise<ServiceAccount | undefined>;
  /** Deletes the association; that it is gone already is fine. */
  delete(associationId: string): Promise<void>;
}

/** What became of the stale associations. */
export interface PurgeResult {
  /** Ids of those that are gone now. */
  readonly deleted: readonly string[];
  /** One line for each that was left alone, because it was no longer what the plan took it for. */
  readonly spared: readonly string[];
}

/**
 * Deletes stale associations, each only after AWS and the API server were
 * asked again and still say what the plan says: the plan is seconds old at
 * best, and a person may have looked at it for an hour.
 * Throws UserError, with the cluster's key, where an answer is missing: nothing
 * is deleted then that was not looked at before. The next update goes on.
 */
export async function purge(inputs: StaleAssociationsInputs, edges: ClusterEdges): Promise<PurgeResult> {
  const rules = readRules(inputs.rules);
  const deleted: string[] = [];
  const spared: string[] = [];
  try {
    for (const batch of batches(inputs.stale, inputs.maxConcurrency)) {
      const verdicts = await Promise.all(
        batch.map(async (stale) => ({ stale, ...(await judge(stale, inputs.rules.tags, rules, edges)) })),
      );
      for (const { stale, spare } of verdicts) if (spare !== undefined) spared.push(lineOf(stale, spare));
      const doomed = verdicts.filter(({ spare }) => spare === undefined);
      // All are waited for, so that no deletion is under way when an error is reported.
      const ends = await Promise.allSettled(
        doomed.map(async ({ stale: { associationId }, gone }) => {
          if (!gone) await edges.delete(associationId);
          deleted.push(associationId);
        }),
      );
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const name = { account: inputs.account, region: inputs.region, name: inputs.clusterName };
    const count = `${deleted.length} of ${inputs.stale.length} stale associations deleted`;
    throw new UserError(`cluster ${clusterKey(name)}: ${count}, then: ${error.message}`, { cause: error });
  }
  return { deleted, spared };
}

/** `spare`: why it is left alone. `gone`: there is nothing to delete any more. Neither: it is to be deleted. */
interface Verdict {
  readonly spare?: string;
  readonly gone?: boolean;
}

async function judge(
  stale: StaleAssociation,
  tags: Readonly<Record<string, string>>,
  rules: DesireRules,
  edges: ClusterEdges,
): Promise<Verdict> {
  const now = await edges.describe(stale.associationId);
  if (now === undefined) return { gone: true };
  const changed = changeOf(stale, now, tags);
  if (changed !== undefined) return { spare: changed };
  // The ServiceAccount last: what it asks for may change at any time, an association hardly.
  const account = await edges.serviceAccount(now);
  const desire = account === undefined ? { state: "absent" as const } : desireOf(account, rules);
  switch (desire.state) {
    case "absent":
    case "unannotated":
    case "restricted":
      return {};
    case "wanted":
      return { spare: `the ServiceAccount asks for ${desire.spec.roleArn} now` };
    case "excluded":
    case "invalid":
      return { spare: desire.reason };
  }
}

/** What is different from what the plan saw of the association; undefined: nothing that matters. */
function changeOf(
  stale: StaleAssociation,
  now: AssociationDetails,
  tags: Readonly<Record<string, string>>,
): string | undefined {
  if (now.ownerArn !== undefined) return `the add-on ${now.ownerArn} owns it`;
  const key = keyOf(now);
  if (key !== keyOf(refOf(stale))) return `it is the association of ServiceAccount ${key}`;
  if (carriesTags(now.tags, tags) !== stale.ours) {
    return stale.ours ? "it does not carry our tags any more" : "it carries our tags now";
  }
  return undefined;
}

function lineOf(stale: StaleAssociation, why: string): string {
  return `ServiceAccount ${keyOf(refOf(stale))}: stale association ${stale.associationId} is left alone: ${why}`;
}

function refOf({ namespace, serviceAccount }: StaleAssociation): ServiceAccountRef {
  return { namespace, name: serviceAccount };
}

function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
