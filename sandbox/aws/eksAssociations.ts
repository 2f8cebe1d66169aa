import { z } from "zod";
import {
  type CreateInput,
  changedAssociation,
  checkPolicy,
  checkRoles,
  createInput,
  type UpdateInput,
  updateInput,
} from "./associationRules.ts";
import type { Association } from "./associationStore.ts";
import { AwsError } from "./awsError.ts";
import { eksCursor, maxResults, requireCluster } from "./eksClusters.ts";
import { type CallContext, type Operation, operation, text } from "./operation.ts";
import { firstPage, pageToken } from "./paging.ts";
import { tooManyTags } from "./tagRules.ts";
import type { Cluster } from "./world.ts";

const listInput = z.object({
  clusterName: text,
  namespace: z.string().optional(),
  serviceAccount: z.string().optional(),
  maxResults,
  nextToken: z.string().optional(),
});
const oneInput = z.object({ clusterName: text, associationId: text });

/** Create, Describe, List, Update and DeletePodIdentityAssociation. */
export function eksAssociationOperations(): Readonly<Record<string, Operation>> {
  const requests = new Map<string, { readonly input: string; readonly associationId: string }>();
  const invalid = "InvalidParameterException";
  return {
    CreatePodIdentityAssociation: operation(true, createInput, invalid, (input, context) => {
      const cluster = requireCluster(input.clusterName, context);
      const key = `${context.principal.account}/${context.region}/${input.clientRequestToken}`;
      const repeated = input.clientRequestToken === undefined ? undefined : requests.get(key);
      const before = repeated && context.world.store(cluster).get(repeated.associationId);
      if (before !== undefined && repeated?.input === JSON.stringify(input)) return { association: before };
      if (before !== undefined)
        throw new AwsError(invalid, "The clientRequestToken was used for another request.");
      const association = create(input, cluster, context);
      requests.set(key, { input: JSON.stringify(input), associationId: association.associationId });
      return { association };
    }),
    DescribePodIdentityAssociation: operation(false, oneInput, invalid, (input, context) => ({
      association: requireAssociation(input, context),
    })),
    ListPodIdentityAssociations: operation(false, listInput, invalid, list),
    UpdatePodIdentityAssociation: operation(true, updateInput, invalid, update),
    DeletePodIdentityAssociation: operation(true, oneInput, invalid, (input, context) => {
      // One that an add-on owns goes too: who deletes it by mistake shall see that it is gone.
      const association = requireAssociation(input, context);
      context.world.store(requireCluster(input.clusterName, context)).remove(association);
      return { association };
    }),
  };
}

function create(input: CreateInput, cluster: Cluster, context: CallContext): Association {
  const store = context.world.store(cluster);
  if (cluster.status !== "ACTIVE" && cluster.status !== "UPDATING") {
    throw new AwsError("InvalidRequestException", `Cluster '${cluster.name}' is not in ACTIVE status`, {
      clusterName: cluster.name,
    });
  }
  checkRoles(input, cluster, context.world);
  checkPolicy(input);
  const tooMany = tooManyTags(input.tags);
  if (tooMany !== undefined) throw new AwsError("InvalidParameterException", tooMany);
  const present = store.find(input.namespace, input.serviceAccount);
  if (present !== undefined) {
    throw new AwsError("ResourceInUseException", `Association already exists: ${present.associationId}`, {
      clusterName: cluster.name,
    });
  }
  const quota = context.behaviour.associationsPerCluster;
  if (store.size >= quota) {
    throw new AwsError(
      "ResourceLimitExceededException",
      `Pod identity association limit of ${quota} exceeded for cluster ${cluster.name}`,
      {
        clusterName: cluster.name,
      },
    );
  }
  const { clientRequestToken: _token, clusterName: _cluster, targetRoleArn, policy, ...rest } = input;
  const association = context.world.newAssociation(cluster, {
    ...rest,
    ...(targetRoleArn ? { targetRoleArn } : {}),
    ...(policy ? { policy } : {}),
  });
  store.put(association);
  return association;
}

function update(input: UpdateInput, context: CallContext): object {
  const cluster = requireCluster(input.clusterName, context);
  const before = requireAssociation(input, context);
  const association = changedAssociation(before, input, cluster, context.world.seconds());
  checkRoles(association, cluster, context.world);
  checkPolicy(association);
  context.world.store(cluster).put(association);
  return { association };
}

function list(input: z.output<typeof listInput>, context: CallContext): object {
  const cluster = requireCluster(input.clusterName, context);
  const after = input.nextToken === undefined ? 0 : Number(eksCursor("associations", input.nextToken)[0]);
  const page = firstPage(
    context.world.store(cluster).listed(after),
    input.maxResults,
    ({ association }) =>
      (input.namespace === undefined || association.namespace === input.namespace) &&
      (input.serviceAccount === undefined || association.serviceAccount === input.serviceAccount),
  );
  const last = page.items.at(-1)?.place ?? 0;
  return {
    associations: page.items.map(({ association }) => summary(association)),
    ...(page.more ? { nextToken: pageToken("associations", [last]) } : {}),
  };
}

// The model's PodIdentityAssociationSummary: no role, no tags, no times.
function summary({
  clusterName,
  namespace,
  serviceAccount,
  associationArn,
  associationId,
  ownerArn,
}: Association): object {
  return { clusterName, namespace, serviceAccount, associationArn, associationId, ownerArn };
}

function requireAssociation(input: z.output<typeof oneInput>, context: CallContext): Association {
  const cluster = requireCluster(input.clusterName, context);
  const association = context.world.store(cluster).get(input.associationId);
  if (association === undefined) {
    throw new AwsError("ResourceNotFoundException", `No association found for ID: ${input.associationId}`, {
      clusterName: cluster.name,
    });
  }
  return association;
}
