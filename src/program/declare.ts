import { isDeepStrictEqual } from "node:util";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import * as pulumi from "@pulumi/pulumi";
import { StaleAssociations } from "../../provider/staleAssociations.ts";
import type { KubernetesAccess } from "../kubernetes/access.ts";
import type { AssociationSpec } from "../model/association.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { keyOf, type ServiceAccountRef } from "../model/serviceAccount.ts";
import { desireOf } from "../plan/desire.ts";
import type { ClusterRules, Decision, Declared } from "../plan/types.ts";
import { associationName } from "./names.ts";
import type { PlannedCluster } from "./planned.ts";
import { awsProviderPool, kubernetesProvider } from "./providers.ts";

/** What the program exports, the same after every update that leaves the same associations. */
export interface ProgramOutputs {
  /** How many associations the stack holds in each cluster, by `account/region/name`. */
  readonly associations: Readonly<Record<string, number>>;
}

/** Where the role of a wanted association comes from at apply time. */
export interface ServiceAccountSource {
  readonly access: KubernetesAccess;
  readonly rules: ClusterRules;
  /** `provider`: read again through the Kubernetes provider; `list`: as discovery listed it. */
  readonly reads: "provider" | "list";
}

/** Groups the resources of one cluster in previews and in the state. */
class ClusterAssociations extends pulumi.ComponentResource {
  constructor(cluster: ClusterRef) {
    super("eks-pod-identity-sync:index:Cluster", clusterKey(cluster));
    this.registerOutputs();
  }
}

/** Settles when this association may be declared. */
export type Turn = (cluster: ClusterRef, ref: ServiceAccountRef) => Promise<void>;

/**
 * Declares what the plans say, and decides nothing: leaving an association out
 * is how it gets deleted, where the state holds it.
 * @param turn absent: all are declared at once
 */
export async function declareAll(planned: readonly PlannedCluster[], turn?: Turn): Promise<ProgramOutputs> {
  const providerOf = awsProviderPool();
  for (const cluster of planned) await declareCluster(cluster, providerOf, turn);
  return { associations: countDeclared(planned) };
}

function countDeclared(planned: readonly PlannedCluster[]): Record<string, number> {
  const counts = planned.map(({ plan }): [string, number] => [
    clusterKey(plan.cluster),
    plan.decisions.filter((decision) => decision.declared !== undefined).length,
  ]);
  return Object.fromEntries(counts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function declareCluster(
  { plan, scope, source, stale }: PlannedCluster,
  providerOf: ReturnType<typeof awsProviderPool>,
  turn: Turn | undefined,
): Promise<void> {
  const declared = plan.decisions.flatMap((decision) =>
    decision.declared === undefined ? [] : [{ decision, declared: decision.declared }],
  );
  if (declared.length === 0 && stale === undefined) return;
  const parent = new ClusterAssociations(plan.cluster);
  if (stale !== undefined) new StaleAssociations(plan.cluster, stale, { parent });
  if (declared.length === 0) return;
  const provider = providerOf(scope);
  const wanted = declared.filter((item) => item.declared.from === "wanted");
  const k8sProvider =
    source?.reads === "provider" && wanted.length > 0
      ? kubernetesProvider(plan.cluster, source.access)
      : undefined;
  for (const { decision, declared: association } of declared) {
    await turn?.(plan.cluster, decision);
    const spec =
      association.from === "wanted" && source !== undefined && k8sProvider !== undefined
        ? specAtApply(plan.cluster, decision, association, source.rules, { provider: k8sProvider, parent })
        : association.spec;
    declareAssociation(plan.cluster, decision, association, spec, { provider, parent });
  }
}

function declareAssociation(
  cluster: ClusterRef,
  ref: ServiceAccountRef,
  declared: Declared,
  spec: pulumi.Output<AssociationSpec> | AssociationSpec,
  opts: pulumi.CustomResourceOptions,
): void {
  // What is known is given as it is: an Output for each field of thousands of associations is hundreds of megabytes.
  const pick = <Field>(of: (now: AssociationSpec) => Field): pulumi.Input<Field> =>
    pulumi.Output.isInstance(spec) ? spec.apply(of) : of(spec);
  new PodIdentityAssociation(
    associationName(cluster, ref),
    {
      clusterName: cluster.name,
      namespace: ref.namespace,
      serviceAccount: ref.name,
      roleArn: pick((now) => now.roleArn),
      // Only what is set is declared, so that the state of a plain association stays plain.
      ...(declared.spec.targetRoleArn === undefined
        ? {}
        : { targetRoleArn: pick((now) => now.targetRoleArn ?? "") }),
      // Always said: the provider keeps what it last had where nothing is said.
      disableSessionTags: pick((now) => now.disableSessionTags ?? false),
      ...(declared.spec.policy === undefined ? {} : { policy: pick((now) => now.policy ?? "") }),
      tags: { ...declared.tags },
    },
    // The import id of the type is CLUSTER,ID (Pulumi Registry, aws.eks.PodIdentityAssociation, "Import").
    declared.importId === undefined ? opts : { ...opts, import: `${cluster.name},${declared.importId}` },
  );
}

/** Binds the ServiceAccount as it is now, and decides on it once more: its role may have changed since it was listed. */
function specAtApply(
  cluster: ClusterRef,
  decision: Decision,
  declared: Declared,
  rules: ClusterRules,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<AssociationSpec> {
  const id = keyOf(decision);
  const account = ServiceAccount.get(associationName(cluster, decision), id, opts);
  return account.metadata.annotations.apply((annotations) => {
    const { namespace, name } = decision;
    const desire = desireOf({ namespace, name, annotations: annotations ?? {} }, rules);
    if (desire.state === "wanted" && isDeepStrictEqual(desire.spec, declared.spec)) return desire.spec;
    throw new pulumi.RunError(
      `ServiceAccount ${id} of cluster ${clusterKey(cluster)} changed while the update was being prepared; run it again`,
    );
  });
}
