import {
  type AssociationSpec,
  carriesTags,
  type LiveAssociation,
  type RecordedAssociation,
  type Tags,
} from "../model/association.ts";
import type { Desire } from "./desire.ts";
import { missingTags, specDifferences, tagDifferences } from "./differences.ts";
import type { Row } from "./row.ts";
import type { Cause, ClusterInput, ClusterRules, Decision, Declared } from "./types.ts";

/** What becomes of one row: the table is at `planCluster`. */
export function decide(
  row: Row,
  input: Pick<ClusterInput, "rules" | "roleTrust" | "missingRoles">,
): Decision {
  const { desire } = row;
  const { rules } = input;
  switch (desire.state) {
    case "excluded":
    case "invalid":
      return leaveAlone(row, desire.state, desire.reason);
    case "wanted": {
      const trust = trustOf(desire.spec.roleArn, input);
      if (trust.blocks) {
        return { ...leaveAlone(row, "untrusted_role", trust.note), roleArn: desire.spec.roleArn };
      }
      const notes = [desire.ruleNote ?? "", trust.note].filter((note) => note !== "");
      const decision = decideWanted({ row, spec: desire.spec, tags: rules.tags, notes });
      return trust.warns && decision.declared?.from === "wanted" ? { ...decision, warns: true } : decision;
    }
    case "restricted":
      return decideUnwanted(row, rules, desire.reason, desire);
    case "unannotated":
      return decideUnwanted(row, rules, `the ServiceAccount does not carry ${rules.annotations.roleArn}`);
    case "absent":
      return decideUnwanted(row, rules, "the ServiceAccount is gone");
  }
}

/** True where the live association is ours: the state holds its id, or it carries our tags. An add-on's never is. */
export function isOurs(
  live: LiveAssociation,
  recorded: RecordedAssociation | undefined,
  tags: Tags,
): boolean {
  return live.ownerArn === undefined && (live.id === recorded?.id || carriesTags(live.tags, tags));
}

/** Declares the association as the state has it: the engine then has nothing to do. */
export function asRecorded(recorded: RecordedAssociation): Declared {
  return { spec: recorded.spec, tags: recorded.tags, from: "recorded" };
}

/** Nothing is done; and as leaving a recorded association out of the program deletes it, that one is declared. */
function leaveAlone(row: Row, cause: Cause, reason: string): Decision {
  const { recorded } = row;
  if (recorded === undefined) return { ...about(row, row.live), action: "ignore", cause, reason };
  return { ...about(row, recorded), action: "keep", cause, reason, declared: asRecorded(recorded) };
}

interface Wish {
  readonly row: Row;
  readonly spec: AssociationSpec;
  readonly tags: Tags;
  /** What rules and the trust check have to say, for the reason. */
  readonly notes: readonly string[];
}

function decideWanted({ row, spec, tags, notes }: Wish): Decision {
  const { live, recorded } = row;
  const because = (reason: string): string => [reason, ...notes].join("; ");
  const wanted = { ...about(row, live ?? recorded), roleArn: spec.roleArn };
  const declared: Declared = { spec, tags, from: "wanted" };

  if (live === undefined) {
    if (recorded === undefined) {
      return { ...wanted, action: "create", reason: because("annotated, and has no association"), declared };
    }
    const reason = because(`annotated, and ${recorded.id} was deleted outside`);
    return { ...wanted, action: "create", reason, declared, recreate: true, drifted: true };
  }
  if (!isOurs(live, recorded, tags)) return conflict(row, live, spec.roleArn);
  if (live.id === recorded?.id) return { ...wanted, ...compare(live, recorded, declared, because), declared };

  const mending = live.spec === undefined ? [] : specDifferences(live.spec, spec);
  const then = mending.length === 0 ? "" : `, then ${mending.join(", ")}`;
  const reason = because(`${live.id} carries our tags and is not in the state: imported${then}`);
  return {
    ...wanted,
    action: "adopt",
    reason,
    declared: { ...declared, importId: live.id },
    // The state holds an id that is gone: refreshed first, so that the import meets no old resource.
    ...(recorded === undefined ? {} : { drifted: true }),
  };
}

/** Ours in AWS and in the state: as wanted, to be changed, or changed outside and to be mended. */
function compare(
  live: LiveAssociation,
  recorded: RecordedAssociation,
  { spec, tags }: Declared,
  because: (reason: string) => string,
): Pick<Decision, "action" | "reason" | "drifted"> {
  const changes = [...specDifferences(recorded.spec, spec), ...tagDifferences(recorded.tags, tags)];
  const outside = [
    ...(live.spec === undefined ? [] : specDifferences(live.spec, recorded.spec)),
    ...missingTags(live.tags, recorded.tags),
  ];
  if (changes.length === 0 && outside.length === 0)
    return { action: "unchanged", reason: because("as annotated") };
  if (outside.length === 0) return { action: "update", reason: because(changes.join(", ")) };
  const found = `changed outside, to be put back: ${outside.join(", ")}`;
  const reason = changes.length === 0 ? found : `${changes.join(", ")}; changed outside, too`;
  return { action: "update", reason: because(reason), drifted: true };
}

/**
 * Somebody else's association stands where one is wanted. A record of another
 * id stays declared: AWS lists with a delay, so that ours, just made in the
 * place of one just deleted, may be what the list does not show yet; left out
 * of the program, it would be deleted. Where it is gone, this costs nothing.
 */
function conflict(row: Row, live: LiveAssociation, roleArn: string): Decision {
  const { recorded } = row;
  const stands = { ...about(row, live), roleArn, cause: causeOf(live) };
  const reason = `annotated, but ${live.id} stands there: ${ownerOf(live)}`;
  if (recorded === undefined) return { ...stands, action: "conflict", reason };
  const declared = asRecorded(recorded);
  if (live.id === recorded.id)
    return { ...stands, action: "keep", reason: `${live.id}: ${ownerOf(live)}`, declared };
  const stays = `${reason}; the state holds ${recorded.id}, until \`pulumi refresh\` finds it gone`;
  return { ...stands, action: "conflict", reason: stays, declared };
}

/** No ServiceAccount asks for it: what is ours goes, what is not stays unless purge is on. */
function decideUnwanted(
  row: Row,
  rules: ClusterRules,
  reason: string,
  restricted?: Extract<Desire, { state: "restricted" }>,
): Decision {
  const { live, recorded } = row;
  const cause = restricted === undefined ? {} : { cause: "restricted_role" as const };
  if (live !== undefined && isOurs(live, recorded, rules.tags)) {
    return { ...about(row, live), ...cause, action: "delete", reason, recorded: live.id === recorded?.id };
  }
  if (live !== undefined && live.id === recorded?.id) {
    const forget = "the state may forget it with `pulumi state delete`";
    return leaveAlone(row, "addon", `${reason}, but ${live.id} is not ours: ${ownerOf(live)}; ${forget}`);
  }
  if (live !== undefined && live.ownerArn === undefined && rules.purge) {
    return {
      ...about(row, live),
      ...cause,
      action: "purge",
      reason: `${reason}; purge is on; ${ownerOf(live)}`,
    };
  }
  if (recorded !== undefined) {
    const gone = `${reason}; ${recorded.id} is gone already`;
    const beside = live === undefined ? gone : `${gone}, and ${live.id} is not ours: ${ownerOf(live)}`;
    return { ...about(row, recorded), ...cause, action: "delete", reason: beside, recorded: true };
  }
  const asked = restricted === undefined ? {} : { roleArn: restricted.roleArn };
  if (live === undefined) return { ...about(row), ...asked, ...cause, action: "ignore", reason };
  const external = `${reason}; ${live.id} is not ours: ${ownerOf(live)}`;
  return {
    ...about(row, live),
    ...asked,
    cause: causeOf(live),
    ...cause,
    action: "ignore",
    reason: external,
  };
}

/** The names, and the association concerned with its role where that is known. */
function about(
  row: Row,
  association?: LiveAssociation | RecordedAssociation,
): Pick<Decision, "namespace" | "name" | "associationId" | "roleArn"> {
  const { namespace, name } = row;
  if (association === undefined) return { namespace, name };
  const recorded = row.recorded?.id === association.id ? row.recorded : undefined;
  const role = association.spec ?? recorded?.spec;
  const roleArn = role === undefined ? {} : { roleArn: role.roleArn };
  return { namespace, name, associationId: association.id, ...roleArn };
}

/** Whether the role's trust policy holds the row up, and what there is to say of it. */
function trustOf(
  roleArn: string,
  { rules: { roleTrustCheck }, roleTrust, missingRoles }: Parameters<typeof decide>[1],
): { readonly blocks: boolean; readonly warns: boolean; readonly note: string } {
  const trust = roleTrust.get(roleArn);
  if (roleTrustCheck === "off" || trust === undefined || trust.state === "trusted") {
    return { blocks: false, warns: false, note: "" };
  }
  if (trust.state === "unknown")
    return { blocks: false, warns: false, note: `trust of ${roleArn} not known: ${trust.problem}` };
  const isMissing = trust.state === "missing";
  const problem = isMissing
    ? `${roleArn} does not exist`
    : `${roleArn} does not trust EKS Pod Identity: ${trust.problem}`;
  const blocks = roleTrustCheck === "block" || (isMissing && missingRoles === "wait");
  return { blocks, warns: !blocks, note: `${blocks ? "" : "warning: "}${problem}` };
}

function causeOf(live: LiveAssociation): Cause {
  return live.ownerArn === undefined ? "external" : "addon";
}

function ownerOf(live: LiveAssociation): string {
  if (live.ownerArn !== undefined) return `made by the add-on ${live.ownerArn}`;
  const tags = Object.entries(live.tags).map(([key, value]) => `${key}=${value}`);
  return tags.length === 0
    ? "made by somebody else (no tags)"
    : `made by somebody else (${tags.sort().join(", ")})`;
}
