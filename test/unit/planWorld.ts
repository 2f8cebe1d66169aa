import fc from "fast-check";
import type { AssociationSpec, LiveAssociation, RecordedAssociation } from "../../src/model/association.ts";
import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../../src/model/serviceAccount.ts";
import type { ClusterInput, ClusterPlan, ClusterRules, RoleTrust } from "../../src/plan/types.ts";
import { input, keys, matcher, ownTags, restricted, roleArn } from "./planFixtures.ts";

/** A cluster's ServiceAccounts, associations and state, and the rules, as words that any reader of them understands. */
export interface World {
  readonly serviceAccounts: readonly ServiceAccount[];
  readonly live: readonly LiveAssociation[];
  readonly recorded: readonly RecordedAssociation[];
  readonly exclude: readonly { readonly namespace: string; readonly name: string }[];
  readonly restrict: readonly {
    readonly role: string;
    readonly allow: readonly { readonly namespace: string; readonly name: string }[];
  }[];
  readonly purge: boolean;
  readonly roleTrustCheck: ClusterRules["roleTrustCheck"];
  readonly untrusted: readonly string[];
}

export function inputOf(world: World, rules: Partial<ClusterRules> = {}): ClusterInput {
  const roleTrust = new Map(
    world.untrusted.map((role): [string, RoleTrust] => [
      role,
      { state: "untrusted", problem: "no statement" },
    ]),
  );
  const { serviceAccounts, live, recorded, purge, roleTrustCheck } = world;
  const exclude = world.exclude.map(matcher);
  const restrict = world.restrict.map(({ role, allow }) => restricted(role, ...allow));
  return input({
    serviceAccounts,
    live,
    recorded,
    roleTrust,
    rules: { purge, roleTrustCheck, exclude, restrict, ...rules },
  });
}

const refs: readonly ServiceAccountRef[] = ["a", "b", "c"].flatMap((namespace) =>
  ["app", "job", "web"].map((name) => ({ namespace, name })),
);
const roles = ["reader", "writer", "admin"].map(roleArn);
const expressions = {
  namespace: fc.constantFrom("", "^a$", "_^a$", "[bc]", "_"),
  name: fc.constantFrom("", "^app$", "_^app$", "o", "_"),
};
const matchers = (maxLength: number) => fc.array(fc.record(expressions), { maxLength });

const role = fc.constantFrom(...roles);
const annotations = fc.oneof(
  { weight: 6, arbitrary: role.map((text) => ({ [keys.roleArn]: text })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "admin", ` ${roleArn("admin")}`).map((text) => ({ [keys.roleArn]: text })),
  },
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(role, role, fc.constantFrom("true", "false", "?"))
      .map(([first, target, disable]) => ({
        [keys.roleArn]: first,
        [keys.targetRoleArn]: target,
        [keys.disableSessionTags]: disable,
      })),
  },
);
const spec = role.map((arn): AssociationSpec => ({ roleArn: arn }));
const liveTags = fc.constantFrom(ownTags, { ...ownTags, team: "x" }, { team: "x" }, {});

/** What one ServiceAccount has, each part of it or not. Its live and its recorded association may be two. */
function placeOf(ref: ServiceAccountRef) {
  const live = fc.record({
    tags: liveTags,
    spec: fc.option(spec),
    addOn: fc.boolean(),
    id: fc.constantFrom("1", "2"),
  });
  return fc.record({
    serviceAccount: fc.option(annotations.map((texts): ServiceAccount => ({ ...ref, annotations: texts }))),
    live: fc.option(
      live.map(
        (made): LiveAssociation => ({
          ...ref,
          id: `a-${keyOf(ref)}-${made.id}`,
          tags: made.tags,
          ...(made.spec === null ? {} : { spec: made.spec }),
          ...(made.addOn ? { ownerArn: "arn:aws:eks:eu-west-1:111122223333:addon/blue/cni/1" } : {}),
        }),
      ),
    ),
    recorded: fc.option(
      fc
        .record({ spec, tags: fc.constantFrom(ownTags, { old: "tag" }) })
        .map((made): RecordedAssociation => ({ ...ref, ...made, id: `a-${keyOf(ref)}-1` })),
    ),
  });
}

const rulesOf = {
  exclude: matchers(2),
  restrict: fc.array(
    fc.record({ role: fc.constantFrom("", "admin$", "_reader$", "er$"), allow: matchers(2) }),
    { maxLength: 2 },
  ),
  purge: fc.boolean(),
  roleTrustCheck: fc.constantFrom("off" as const, "warn" as const, "block" as const),
  untrusted: fc.subarray(roles),
};

/** Worlds that can be: no place has two of anything. */
export const worlds: fc.Arbitrary<World> = fc
  .record({ places: fc.tuple(...refs.map(placeOf)), ...rulesOf })
  .map(({ places, ...rules }) => ({
    ...rules,
    serviceAccounts: places.flatMap(({ serviceAccount }) => serviceAccount ?? []),
    live: places.flatMap(({ live }) => live ?? []),
    recorded: places.flatMap(({ recorded }) => recorded ?? []),
  }));

/** Worlds that should not be: anything may be there twice. */
export const brokenWorlds: fc.Arbitrary<World> = fc.tuple(worlds, worlds).map(([world, other]) => ({
  ...world,
  serviceAccounts: [...world.serviceAccounts, ...other.serviceAccounts],
  live: [...world.live, ...other.live.map((association) => ({ ...association, id: `${association.id}-b` }))],
  recorded: [
    ...world.recorded,
    ...other.recorded.map((association) => ({ ...association, id: `${association.id}-b` })),
  ],
}));

/**
 * The world after the plan was carried out, the way the engine and the purge
 * do it: what is declared is made, imported or changed; what the state holds
 * and the program does not declare is deleted by its id.
 */
export function carryOut(world: World, plan: ClusterPlan): World {
  const declaredAt = new Map(plan.decisions.map((decision) => [keyOf(decision), decision]));
  const live = new Map(world.live.map((association) => [association.id, association]));
  const recorded: RecordedAssociation[] = [];
  for (const association of world.recorded) {
    const declared = declaredAt.get(keyOf(association))?.declared;
    if (declared === undefined || declared.importId !== undefined) live.delete(association.id);
  }
  for (const decision of plan.decisions) {
    const { namespace, name, action, declared, associationId } = decision;
    const removed = action === "purge" || (action === "delete" && decision.recorded === false);
    if (removed && associationId !== undefined) live.delete(associationId);
    if (declared === undefined) continue;
    const ref = { namespace, name };
    const held = world.recorded.find((association) => keyOf(association) === keyOf(ref));
    const isHeld = declared.from === "recorded" || action === "unchanged" || action === "update";
    const id = declared.importId ?? (isHeld && held !== undefined ? held.id : `a-${keyOf(ref)}-made`);
    const { spec, tags } = declared;
    recorded.push({ ...ref, id, spec, tags });
    if (declared.from === "recorded") continue;
    live.set(id, { ...ref, id, spec, tags: { ...live.get(id)?.tags, ...tags } });
  }
  return { ...world, live: [...live.values()], recorded };
}
