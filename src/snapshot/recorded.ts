import { z } from "zod";
import { mapping, required } from "../config/fields.ts";
import type { RecordedAssociation } from "../model/association.ts";
import { clusterKey } from "../model/cluster.ts";
import { readState } from "../program/state.ts";
import { type InputFile, parseDocument } from "./document.ts";
import { clusterFields, recordedAssociation } from "./fields.ts";

/** What the state holds, by cluster key. */
export type RecordedByCluster = ReadonlyMap<string, readonly RecordedAssociation[]>;

const recordedFile = mapping({
  clusters: z.array(
    mapping({
      ...clusterFields,
      associations: z.array(recordedAssociation, required("is not a list", "list the recorded associations")),
    }),
    required("is not a list", "list the clusters, or give what `pulumi stack export` prints"),
  ),
});

const stackExport = z.looseObject({ deployment: z.unknown() });

/**
 * Reads the associations that the state knows: from what `pulumi stack export`
 * prints, or from a list of them by cluster, as in a snapshot.
 *
 * @throws UserError that lists every problem.
 */
export function readRecorded(file: InputFile): RecordedByCluster {
  const state = stackExport.safeParse(jsonOf(file.text));
  if (state.success && "deployment" in state.data) {
    return new Map([...readState(state.data)].map(([key, { associations }]) => [key, associations]));
  }
  const { clusters } = parseDocument(recordedFile, file);
  const byKey = Map.groupBy(clusters, clusterKey);
  return new Map([...byKey].map(([key, same]) => [key, same.flatMap(({ associations }) => associations)]));
}

/** Undefined for what is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
