import type { EKSClient, PodIdentityAssociation } from "@aws-sdk/client-eks";
import { calling, isNotFound } from "../../src/aws/errors.ts";
import type { AssociationSpec, Tags } from "../../src/model/association.ts";
import type { ServiceAccountRef } from "../../src/model/serviceAccount.ts";
import { UserError } from "../../src/model/userError.ts";

/** An association as EKS answers it. */
export interface EksAssociation extends AssociationSpec {
  readonly associationArn: string;
  readonly associationId: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly disableSessionTags: boolean;
  /** Only with a target role. */
  readonly externalId: string | undefined;
  readonly tags: Tags;
}

/** Where an association is, and the ServiceAccount that it is for where that is known: errors name them. */
export interface AssociationRef {
  readonly clusterName: string;
  readonly associationId: string;
  readonly serviceAccount?: ServiceAccountRef;
}

/** What an association can have and lose again. */
export type ClearableField = "targetRoleArn" | "policy";

/** The calls of the EKS API that an association needs, in one region. */
export interface AssociationApi {
  readonly region: string;
  /** Makes the association; waits for a role that is too new for EKS to see. */
  create(
    clusterName: string,
    serviceAccount: ServiceAccountRef,
    spec: AssociationSpec,
    tags: Tags,
  ): Promise<EksAssociation>;
  /** The association, or undefined where it or its cluster does not exist. */
  describe(ref: AssociationRef): Promise<EksAssociation | undefined>;
  /** Makes the association say `spec`, and takes away what is `cleared`. Waits as `create` does. */
  update(
    ref: AssociationRef,
    spec: AssociationSpec,
    cleared: readonly ClearableField[],
  ): Promise<EksAssociation>;
  /** Deletes the association; one that does not exist is no error. */
  delete(ref: AssociationRef): Promise<void>;
  /** Sets and then removes tags of the association with this ARN. */
  retag(ref: AssociationRef, associationArn: string, set: Tags, removed: readonly string[]): Promise<void>;
}

/** Runs a call again while EKS says that its role does not exist. */
export type RoleRetry = <T>(call: () => Promise<T>) => Promise<T>;

/** The API over the AWS SDK. Every error is one line that names the call, the cluster and the ServiceAccount. */
export async function eksAssociationApi(client: EKSClient, retry: RoleRetry): Promise<AssociationApi> {
  const sdk = await import("@aws-sdk/client-eks");
  return {
    region: await client.config.region(),
    async create(clusterName, serviceAccount, spec, tags) {
      const input = { clusterName, namespace: serviceAccount.namespace, serviceAccount: serviceAccount.name };
      const command = () => new sdk.CreatePodIdentityAssociationCommand({ ...input, ...spec, tags });
      const call = callName("CreatePodIdentityAssociation", { clusterName, serviceAccount });
      const answer = await calling(call, () => retry(() => client.send(command())));
      return readAssociation(call, answer.association);
    },
    async describe(ref) {
      const command = new sdk.DescribePodIdentityAssociationCommand(idOf(ref));
      const call = callName("DescribePodIdentityAssociation", ref);
      const answer = await unlessGone(calling(call, () => client.send(command)));
      return answer && readAssociation(call, answer.association);
    },
    async update(ref, spec, cleared) {
      // A field that is left out keeps its value, so one that shall go is sent empty.
      const empty = Object.fromEntries(cleared.map((field) => [field, ""]));
      const input = { ...idOf(ref), disableSessionTags: false, ...empty, ...spec };
      const command = () => new sdk.UpdatePodIdentityAssociationCommand(input);
      const call = callName("UpdatePodIdentityAssociation", ref);
      const answer = await calling(call, () => retry(() => client.send(command())));
      return readAssociation(call, answer.association);
    },
    async delete(ref) {
      const command = new sdk.DeletePodIdentityAssociationCommand(idOf(ref));
      await unlessGone(calling(callName("DeletePodIdentityAssociation", ref), () => client.send(command)));
    },
    async retag(ref, resourceArn, set, removed) {
      if (Object.keys(set).length > 0) {
        const command = new sdk.TagResourceCommand({ resourceArn, tags: { ...set } });
        await calling(callName("TagResource", ref), () => client.send(command));
      }
      if (removed.length > 0) {
        const command = new sdk.UntagResourceCommand({ resourceArn, tagKeys: [...removed] });
        await calling(callName("UntagResource", ref), () => client.send(command));
      }
    },
  };
}

function idOf({ clusterName, associationId }: AssociationRef) {
  return { clusterName, associationId };
}

function callName(operation: string, where: Partial<AssociationRef>): string {
  const subject = where.serviceAccount
    ? `ServiceAccount ${where.serviceAccount.namespace}/${where.serviceAccount.name}`
    : `association ${where.associationId}`;
  return `eks:${operation} (cluster ${where.clusterName}, ${subject})`;
}

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && isNotFound(error.cause)) return undefined;
    throw error;
  }
}

function readAssociation(call: string, association: PodIdentityAssociation | undefined): EksAssociation {
  const { associationArn, associationId, clusterName, namespace, serviceAccount, roleArn } =
    association ?? {};
  if (!associationArn || !associationId || !clusterName || !namespace || !serviceAccount || !roleArn) {
    throw new UserError(`${call}: the answer holds no whole association`);
  }
  const { targetRoleArn, policy, externalId, disableSessionTags = false, tags = {} } = association ?? {};
  return {
    ...{ associationArn, associationId, clusterName, namespace, serviceAccount, roleArn },
    ...(targetRoleArn ? { targetRoleArn } : {}),
    ...(policy ? { policy } : {}),
    ...{ externalId, disableSessionTags, tags },
  };
}
