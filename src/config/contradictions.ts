import { z } from "zod";
import { parseRoleArn } from "../model/roleArn.ts";

/** A field, by its path from the place that was looked at, and a predicate that says what is wrong with it. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * What these rules look at in an entry, as far as it could be read: all
 * problems are listed at once, so an entry that has others comes here too,
 * with the refused fields as they were written.
 */
const readableCluster = z.object({
  self: z.boolean().catch(false),
  region: z.string().optional().catch(undefined),
  role_arn: z.string().optional().catch(undefined),
  cluster_name: z.object({ source: z.string() }).optional().catch(undefined),
  kubeconfig: z.string().optional().catch(undefined),
  context: z.string().optional().catch(undefined),
  annotation: z.string().optional().catch(undefined),
  target_role_annotation: z.string().optional().catch(undefined),
  disable_session_tags_annotation: z.string().optional().catch(undefined),
  policy_annotation: z.string().optional().catch(undefined),
});

type ReadableCluster = z.output<typeof readableCluster>;

function read(entry: unknown): ReadableCluster | undefined {
  return readableCluster.safeParse(entry).data;
}

/** Fields of one entry of `clusters` that can't both be meant. */
export function clusterContradictions(entry: unknown): Contradiction[] {
  const cluster = read(entry);
  if (cluster === undefined) return [];
  return [
    ...(cluster.self ? inexactName(cluster) : unusedCredentials(cluster)),
    ...sharedAnnotations(cluster),
  ];
}

// EKS API reference, CreateCluster: name.
const CLUSTER_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;

function inexactName({ cluster_name: name }: ReadableCluster): Contradiction[] {
  if (name === undefined || CLUSTER_NAME.test(name.source)) return [];
  if (name.source === "") {
    return [{ path: [], message: "has self: true but no cluster_name; write the exact name of the cluster" }];
  }
  const message = "is not the name of a cluster; with self: true it is no expression, write the exact name";
  return [{ path: ["cluster_name"], message }];
}

function unusedCredentials(cluster: ReadableCluster): Contradiction[] {
  return (["kubeconfig", "context"] as const)
    .filter((field) => cluster[field] !== undefined)
    .map((field) => ({
      path: [field],
      message: "is used only with self: true; add that, or leave this out",
    }));
}

const ANNOTATIONS = [
  "annotation",
  "target_role_annotation",
  "disable_session_tags_annotation",
  "policy_annotation",
] as const;

function sharedAnnotations(cluster: ReadableCluster): Contradiction[] {
  return ANNOTATIONS.flatMap((field, index) => {
    const other = ANNOTATIONS.slice(0, index).find((before) => cluster[before] === cluster[field]);
    if (other === undefined || cluster[field] === undefined) return [];
    const message = `has one key, ${cluster[field]}, for ${other} and ${field}; give each its own`;
    return [{ path: [], message }];
  });
}

/** Entries with `self: true` that name one cluster twice, or two clusters behind the same local credentials. */
export function selfContradictions(clusters: unknown): Contradiction[] {
  if (!Array.isArray(clusters)) return [];
  const entries = clusters.flatMap((entry, index) => {
    const cluster = read(entry);
    const known = cluster?.self === true && CLUSTER_NAME.test(cluster.cluster_name?.source ?? "");
    return known ? [{ cluster, index }] : [];
  });
  return entries.flatMap(({ cluster, index }, place) => {
    const before = entries.slice(0, place);
    const same = before.find((other) => identity(other.cluster) === identity(cluster));
    if (same !== undefined) {
      const message = `names the same cluster as clusters[${same.index}]; leave one of them out`;
      return [{ path: [index], message }];
    }
    const shared = before.find((other) => credentials(other.cluster) === credentials(cluster));
    if (shared === undefined) return [];
    const message = `reaches the same API server as clusters[${shared.index}], which is another cluster; give each its context`;
    return [{ path: [index], message }];
  });
}

function identity({ region, cluster_name, role_arn }: ReadableCluster): string {
  return JSON.stringify([region, cluster_name?.source, parseRoleArn(role_arn ?? "")?.account]);
}

function credentials({ kubeconfig, context }: ReadableCluster): string {
  return JSON.stringify([kubeconfig, context]);
}
