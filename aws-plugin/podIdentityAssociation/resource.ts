import { z } from "zod";
import type { AssociationSpec } from "../../src/model/association.ts";
import { UserError } from "../../src/model/userError.ts";
import { type Properties, type PropertyValue, stated, UNKNOWN } from "../propertyValue.ts";
import type { AssociationApi, AssociationRef, EksAssociation } from "./associationApi.ts";
import { ownTags, tagsSchema } from "./check.ts";
import { inputProperties } from "./properties.ts";
import { readTags, type TagSettings, tagChanges } from "./tags.ts";

/** Opens the API of a region; undefined means the region of the provider's configuration. */
export type OpenApi = (region: string | undefined) => Promise<AssociationApi>;

/** A resource as it is to be recorded. */
export interface RecordedResource {
  /** `a-...`: the association's id. */
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

const text = z.string().min(1);

const recordSchema = z.object({
  clusterName: text,
  namespace: text,
  serviceAccount: text,
  roleArn: text,
  targetRoleArn: z.string().optional(),
  policy: z.string().optional(),
  disableSessionTags: z.boolean().optional(),
  region: text.optional(),
  tagsAll: tagsSchema,
});

/** Makes the association. Throws a one-line error where AWS refuses. */
export async function create(open: OpenApi, inputs: Properties): Promise<RecordedResource> {
  const wanted = recordSchema.parse(stated(inputs));
  const api = await open(wanted.region);
  const account = { namespace: wanted.namespace, name: wanted.serviceAccount };
  const made = await api.create(wanted.clusterName, account, specOf(wanted), wanted.tagsAll);
  return { id: made.associationId, inputs, outputs: outputsOf(made, api.region, inputs) };
}

/** The outputs that a preview of a create or update shows: what AWS will say is unknown. */
export function previewOutputs(inputs: Properties, outputs: Properties | undefined): Properties {
  const { associationArn = UNKNOWN, associationId = UNKNOWN, region } = outputs ?? {};
  const keepsTarget = outputs !== undefined && outputs.targetRoleArn === inputs.targetRoleArn;
  return stated({
    ...{ disableSessionTags: false, region: region ?? UNKNOWN },
    ...stated(inputs),
    ...{ associationArn, associationId },
    externalId: keepsTarget ? outputs.externalId : UNKNOWN,
  });
}

/** Makes the association say what the inputs say; calls nothing that is not needed. */
export async function update(
  open: OpenApi,
  id: string,
  recorded: Properties,
  inputs: Properties,
): Promise<RecordedResource> {
  const before = recordSchema.parse(stated(recorded));
  const wanted = recordSchema.parse(stated(inputs));
  const api = await open(before.region ?? wanted.region);
  const ref = refOf(id, recorded);
  const [specBefore, spec] = [specOf(before), specOf(wanted)];
  const cleared = (["targetRoleArn", "policy"] as const).filter((field) => specBefore[field] && !spec[field]);
  const live = sameSpec(specBefore, spec) ? undefined : await api.update(ref, spec, cleared);
  if (live !== undefined) assertTaken(ref, spec, live);
  const { set, removed } = tagChanges(before.tagsAll, wanted.tagsAll);
  await api.retag(ref, text.parse(recorded.associationArn), set, removed);
  const externalId = live === undefined ? recorded.externalId : live.externalId;
  const kept = stated({ id, associationArn: recorded.associationArn, associationId: id, externalId });
  return {
    id,
    inputs,
    outputs: { disableSessionTags: false, region: api.region, ...stated(inputs), ...kept },
  };
}

/**
 * Reads the association again: by its state, or, on an import, by the import
 * id `CLUSTER,ASSOCIATION_ID` (with `@REGION` behind it for another region
 * than the provider's). Undefined where it does not exist.
 */
export async function read(
  open: OpenApi,
  id: string,
  recorded: Properties,
  recordedInputs: Properties,
  tags: TagSettings,
): Promise<RecordedResource | undefined> {
  const isImport = Object.keys(stated(recorded)).length === 0;
  const { region, ...ref } = isImport
    ? parseImportId(id)
    : { ...refOf(id, recorded), region: text.optional().parse(recorded.region) };
  const api = await open(region);
  const live = await api.describe(ref);
  if (live === undefined) return undefined;
  const own = ownTags(isImport ? {} : recorded);
  const read = readTags(live.tags, own, tags);
  const shown = Object.keys(read.tags).length > 0 || recorded.tags !== undefined ? { tags: read.tags } : {};
  const outputs = outputsOf(live, api.region, { tagsAll: read.tagsAll, ...shown });
  return { id: live.associationId, outputs, inputs: inputsOf(outputs, recordedInputs) };
}

/** Deletes the association; one that has gone already is no error. */
export async function remove(open: OpenApi, id: string, recorded: Properties): Promise<void> {
  const api = await open(text.optional().parse(recorded.region));
  await api.delete(refOf(id, recorded));
}

/** The parts of an import id. Throws a UserError where it is not one. */
export function parseImportId(id: string): AssociationRef & { readonly region: string | undefined } {
  const match = /^([^,@]+),([^,@]+)(?:@([a-z0-9-]+))?$/.exec(id);
  if (match === null) {
    throw new UserError(`import id ${JSON.stringify(id)}: expected CLUSTER,ASSOCIATION_ID`);
  }
  const [, clusterName = "", associationId = "", region] = match;
  return { clusterName, associationId, region };
}

function refOf(id: string, recorded: Properties): AssociationRef {
  const { clusterName, namespace, serviceAccount } = z
    .object({ clusterName: text, namespace: text.optional(), serviceAccount: text.optional() })
    .parse(recorded);
  const account = namespace && serviceAccount ? { serviceAccount: { namespace, name: serviceAccount } } : {};
  return { clusterName, associationId: text.catch(id).parse(recorded.associationId), ...account };
}

function specOf(record: z.infer<typeof recordSchema>): AssociationSpec {
  const { roleArn, targetRoleArn, policy, disableSessionTags } = record;
  return {
    roleArn,
    ...(targetRoleArn ? { targetRoleArn } : {}),
    ...(policy ? { policy } : {}),
    ...(disableSessionTags ? { disableSessionTags } : {}),
  };
}

const specFields = ["roleArn", "targetRoleArn", "policy", "disableSessionTags"] as const;

function sameSpec(before: AssociationSpec, after: AssociationSpec): boolean {
  return specFields.every((field) => before[field] === after[field]);
}

/** An update that AWS takes only in part must not be recorded as done. */
function assertTaken(ref: AssociationRef, wanted: AssociationSpec, live: EksAssociation): void {
  for (const field of ["roleArn", "targetRoleArn", "policy"] as const) {
    // A policy may come back in other words; only its presence can be held against it.
    const isTaken = field === "policy" ? !live.policy === !wanted.policy : live[field] === wanted[field];
    if (isTaken) continue;
    const where = `association ${ref.associationId} of cluster ${ref.clusterName}`;
    throw new UserError(
      `eks:UpdatePodIdentityAssociation: ${where} still has ${field} ${live[field] ?? "unset"}; ` +
        "replace it with `pulumi up --target-replace URN`",
    );
  }
}

/** The real plugin keeps the id among the outputs too, and could not read a state without it. */
function outputsOf(live: EksAssociation, region: string, known: Properties): Properties {
  const { tags: _tags, ...association } = live;
  return stated({ ...stated(known), ...association, region, id: live.associationId });
}

/** The inputs that would make these outputs, as far as the user would write them. */
function inputsOf(outputs: Properties, recordedInputs: Properties): Properties {
  const inputs: Record<string, PropertyValue> = {};
  for (const name of [...Object.keys(inputProperties), "tagsAll"]) {
    const value = outputs[name];
    const isDefault = name === "disableSessionTags" && value === false && recordedInputs[name] === undefined;
    if (value !== undefined && !isDefault) inputs[name] = value;
  }
  return inputs;
}
