import { isDeepStrictEqual } from "node:util";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import * as pulumi from "@pulumi/pulumi";
import type { StaleAssociationsInputs } from "../../provider/inputs.ts";
import { StaleAssociations } from "../../provider/staleAssociations.ts";
import type { KubernetesAccess } from "../kubernetes/access.ts";
import type { AssociationSpec } from "../model/association.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { keyOf, type ServiceAccountRef } from "../model/serviceAccount.ts";
import { desireOf } from "../plan/desire.ts";
import type { ClusterPlan, ClusterRules, Decision, Declared } from "../plan/types.ts";
import { associationName } from "./names.ts";
import { kubernetesProvider } from "./providers.ts";

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

/** What is declared of a cluster, and from where. */
export interface ClusterDeclaration {
  readonly plan: ClusterPlan;
  /** Asked only where there is an association to declare. */
  readonly awsProvider: () => AwsProvider;
  /** Absent where the cluster can't be read; then nothing is wanted, only kept. */
  readonly source?: ServiceAccountSource;
  /** See `staleAssociationsOf`; undefined: the resource is not declared. */
  readonly stale: StaleAssociationsInputs | undefined;
}

/**
 * Declares what the plan of a cluster says, and decides nothing: leaving an
 * association out is how it gets deleted, where the state holds it.
 */
export function declareCluster({ plan, awsProvider, source, stale }: ClusterDeclaration): void {
  const declared = plan.decisions.flatMap((decision) =>
    decision.declared === undefined ? [] : [{ decision, declared: decision.declared }],
  );
  if (declared.length === 0 && stale === undefined) return;
  const parent = new ClusterAssociations(plan.cluster);
  if (stale !== undefined) new StaleAssociations(plan.cluster, stale, { parent });
  if (declared.length === 0) return;
  const provider = awsProvider();
  const wanted = declared.filter((item) => item.declared.from === "wanted");
  const k8sProvider =
    source?.reads === "provider" && wanted.length > 0
      ? kubernetesProvider(plan.cluster, source.access)
      : undefined;
  for (const { decision, declared: association } of declared) {
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
