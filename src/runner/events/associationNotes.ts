import type { ServiceAccountNote } from "../../kubernetes/serviceAccountEvents.ts";
import type { Decision } from "../../plan/types.ts";
import type { AssociationChange } from "../types.ts";

/** The note on what an update did to a ServiceAccount's association. */
export function changeNote(change: AssociationChange): ServiceAccountNote {
  const { operation, roleArn, associationId, error } = change;
  const association = associationId === undefined ? "association" : `association ${associationId}`;
  const withRole = roleArn === undefined ? association : `${association} with ${roleArn}`;
  switch (operation) {
    case "created":
      return { type: "Normal", reason: "PodIdentityAssociated", message: `Created ${withRole}` };
    case "adopted":
      return { type: "Normal", reason: "PodIdentityAssociated", message: `Adopted ${withRole}` };
    case "updated":
      return { type: "Normal", reason: "PodIdentityUpdated", message: `Updated ${withRole}` };
    case "deleted":
      return { type: "Normal", reason: "PodIdentityRemoved", message: `Deleted ${association}` };
    case "failed":
      return { type: "Warning", reason: "PodIdentityFailed", message: error ?? `${association} failed` };
  }
}

/** The note on a ServiceAccount that does not get what its annotations ask for; undefined where nothing is wrong. */
export function complaintNote({ action, cause, reason }: Decision): ServiceAccountNote | undefined {
  const complaint = (word: string): ServiceAccountNote => ({
    type: "Warning",
    reason: word,
    message: reason,
  });
  if (action === "conflict") return complaint("PodIdentityConflict");
  if (cause === "restricted_role") return complaint("PodIdentityRestricted");
  if (cause === "invalid" || cause === "untrusted_role") return complaint("PodIdentityInvalid");
  return undefined;
}
