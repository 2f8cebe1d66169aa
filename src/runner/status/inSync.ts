import type { ClusterPlan } from "../../plan/types.ts";
import type { UpdateEnd } from "../types.ts";

/**
 * True where the plan alone shows that the cluster is in sync: it asks for
 * nothing. With DRY, nothing is ever changed: to have planned is all there is.
 */
export function isInSync({ blocked }: ClusterPlan, pending: boolean, dry: boolean): boolean {
  return blocked === undefined && (dry || !pending);
}

/** True where the update brought what was pending in sync. */
export function bringsInSync({ kind, result }: UpdateEnd): boolean {
  return kind === "up" && result === "succeeded";
}
