import { z } from "zod";
import { mapping, required } from "../config/fields.ts";
import type { LiveAssociation } from "../model/association.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import type { Listing } from "../model/listing.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { type InputFile, parseDocument } from "./document.ts";
import { clusterFields, liveAssociation, serviceAccount } from "./fields.ts";

/** What was there in a cluster when the snapshot was taken. */
export interface ClusterSnapshot {
  readonly ref: ClusterRef;
  /** Every ServiceAccount, annotated or not. */
  readonly serviceAccounts: Listing<ServiceAccount>;
  readonly associations: Listing<LiveAssociation>;
}

/** `[...]` for a complete list, `{failed: REASON}` for one that could not be read. */
function listing<T>(item: z.ZodType<T>, what: string): z.ZodType<Listing<T>> {
  const complete = z.array(item, required("is not a list", `list the ${what}, or write [] for none`));
  const failed = mapping({ failed: z.string(required("is not text", "say why the list could not be read")) });
  return z.unknown().transform((value, context): Listing<T> => {
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isMapping) {
      const read = failed.safeParse(value);
      if (read.success) return { state: "failed", reason: read.data.failed };
      passOn(read.error, context);
      return z.NEVER;
    }
    const read = complete.safeParse(value);
    if (read.success) return { state: "complete", items: read.data };
    passOn(read.error, context);
    return z.NEVER;
  });
}

function passOn({ issues }: z.ZodError, context: z.core.$RefinementCtx<unknown>): void {
  for (const { code, message, path, ...issue } of issues) {
    // What is unknown is told by its keys; of all else the message says everything.
    if (code === "unrecognized_keys" && "keys" in issue)
      context.addIssue({ code, message, path, keys: issue.keys });
    else context.addIssue({ code: "custom", message, path });
  }
}

const clusterSnapshot: z.ZodType<ClusterSnapshot> = mapping({
  ...clusterFields,
  serviceAccounts: listing(serviceAccount, "ServiceAccounts"),
  associations: listing(liveAssociation, "associations"),
}).transform(({ name, region, account, ...listings }) => ({ ref: { name, region, account }, ...listings }));

const snapshot = mapping({
  clusters: z
    .array(clusterSnapshot, required("is not a list", "list the clusters of the snapshot"))
    .superRefine((clusters, context) => {
      const keys = clusters.map(({ ref }) => clusterKey(ref));
      for (const [index, key] of keys.entries()) {
        const first = keys.indexOf(key);
        if (first === index) continue;
        const message = `is ${key}, as clusters[${first}] is; write each cluster once`;
        context.addIssue({ code: "custom", path: [index], message });
      }
    }),
});

/**
 * Reads a snapshot.
 *
 * @throws UserError that lists every problem.
 */
export function readSnapshot(file: InputFile): readonly ClusterSnapshot[] {
  return parseDocument(snapshot, file).clusters;
}
