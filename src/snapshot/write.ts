import { stringify } from "yaml";
import type { LiveAssociation } from "../model/association.ts";
import { clusterKey } from "../model/cluster.ts";
import type { Listing } from "../model/listing.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { byNamespaceAndName } from "../plan/row.ts";
import type { ClusterSnapshot } from "./snapshot.ts";

/** The text of a snapshot: the same for the same clusters, whatever the order in which they were listed. */
export function snapshotText(clusters: readonly ClusterSnapshot[], format: "yaml" | "json"): string {
  const document = { clusters: clusters.toSorted(byKey).map(clusterDocument) };
  if (format === "json") return `${JSON.stringify(document, undefined, 2)}\n`;
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

function byKey(a: ClusterSnapshot, b: ClusterSnapshot): number {
  return clusterKey(a.ref) < clusterKey(b.ref) ? -1 : 1;
}

function clusterDocument({ ref, serviceAccounts, associations }: ClusterSnapshot): object {
  const { name, region, account } = ref;
  return {
    name,
    region,
    account,
    serviceAccounts: listingDocument(serviceAccounts, serviceAccountDocument),
    associations: listingDocument(associations, associationDocument),
  };
}

function listingDocument<T extends ServiceAccount | LiveAssociation>(
  listing: Listing<T>,
  document: (item: T) => object,
): object {
  if (listing.state === "failed") return { failed: listing.reason };
  return listing.items.toSorted(byNamespaceAndName).map(document);
}

function serviceAccountDocument({ namespace, name, annotations }: ServiceAccount): object {
  return { namespace, name, annotations: sorted(annotations) };
}

function associationDocument({ id, namespace, name, tags, ownerArn, spec }: LiveAssociation): object {
  // Keys without a value are written neither in YAML nor in JSON.
  return {
    id,
    namespace,
    serviceAccount: name,
    roleArn: spec?.roleArn,
    targetRoleArn: spec?.targetRoleArn,
    disableSessionTags: spec?.disableSessionTags,
    policy: spec?.policy,
    tags: sorted(tags),
    ownerArn,
  };
}

function sorted(textByKey: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(textByKey).sort(([a], [b]) => (a < b ? -1 : 1)));
}
