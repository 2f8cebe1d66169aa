import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRoleArn } from "../../src/model/roleArn.ts";
import { keyOf, type ServiceAccountRef } from "../../src/model/serviceAccount.ts";
import { planCluster } from "../../src/plan/planCluster.ts";
import type { ClusterPlan } from "../../src/plan/types.ts";
import { keys } from "./planFixtures.ts";
import { annotationsOf, isInStep, mayUse, referenceAction, standingOf } from "./planReference.ts";
import { brokenWorlds, carryOut, inputOf, type World, worlds } from "./planWorld.ts";

const noLimit = { deletionLimit: { count: 1000, share: 1 } };
/** Lets the plan pass where a world has no ServiceAccounts at all, which is what the guard is tested for elsewhere. */
const freely = (world: World): ClusterPlan =>
  planCluster({ ...inputOf(world, noLimit), allowedDeletions: 1000 });
const anyWorld = fc.oneof(worlds, brokenWorlds);

function placesOf(world: World): readonly ServiceAccountRef[] {
  const all = [...world.serviceAccounts, ...world.live, ...world.recorded];
  return [...new Map(all.map((ref) => [keyOf(ref), { namespace: ref.namespace, name: ref.name }])).values()];
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null)
    for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}

test("every action is the reference's", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const planned = new Map(freely(world).decisions.map((decision) => [keyOf(decision), decision.action]));
      for (const ref of placesOf(world)) expect(planned.get(keyOf(ref))).toBe(referenceAction(world, ref));
    }),
    { numRuns: 1000 },
  );
});

test("what a ServiceAccount wants, or has while excluded or invalid, is never deleted or purged", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      for (const decision of freely(world).decisions) {
        if (decision.action !== "delete" && decision.action !== "purge") continue;
        expect(["restricted", "unwanted"]).toContain(standingOf(world, decision));
      }
    }),
  );
});

test("no broken world makes it delete where any of the ServiceAccounts wants it", () => {
  fc.assert(
    fc.property(brokenWorlds, (world) => {
      const wanting = new Set(
        world.serviceAccounts
          .filter((account) => standingOf({ ...world, serviceAccounts: [account] }, account) === "wanted")
          .map(keyOf),
      );
      for (const decision of freely(world).decisions) {
        if (wanting.has(keyOf(decision))) expect(["delete", "purge"]).not.toContain(decision.action);
      }
    }),
  );
});

test("what is declared anew is annotated, well formed and allowed", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      for (const decision of freely(world).decisions) {
        const { declared } = decision;
        if (declared?.from !== "wanted") continue;
        const { roleArn, targetRoleArn } = declared.spec;
        expect(annotationsOf(world, decision)).toMatchObject({ [keys.roleArn]: roleArn });
        for (const role of [roleArn, ...(targetRoleArn === undefined ? [] : [targetRoleArn])]) {
          expect(parseRoleArn(role)).toBeDefined();
          expect(mayUse(world, decision, role)).toBe(true);
        }
      }
    }),
  );
});

test("what an add-on owns, and without purge what others made, is never deleted", () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      const live = new Map(world.live.map((association) => [association.id, association]));
      for (const { action, associationId = "" } of freely(world).decisions) {
        if (action !== "delete" && action !== "purge") continue;
        expect(live.get(associationId)?.ownerArn).toBeUndefined();
        if (action === "purge") expect(world.purge).toBe(true);
      }
    }),
  );
});

test("each recorded association is declared or known to go, and nothing recorded is imported", () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      const { decisions } = freely(world);
      const planned = new Map(decisions.map((decision) => [keyOf(decision), decision]));
      for (const ref of world.recorded) {
        const decision = planned.get(keyOf(ref));
        expect(decision?.declared !== undefined || ["delete", "purge"].includes(decision?.action ?? "")).toBe(
          true,
        );
      }
      const ids = new Set(world.recorded.map(({ id }) => id));
      for (const { declared } of decisions) expect(ids.has(declared?.importId ?? "")).toBe(false);
    }),
  );
});

test("a held cluster declares what is recorded, as it is, and does nothing else", () => {
  const listings = fc.constantFrom("serviceAccounts" as const, "associations" as const, "complete" as const);
  fc.assert(
    fc.property(worlds, listings, (world, listing) => {
      const request = inputOf(world, { deletionLimit: { count: 0, share: 0 } });
      const failed = { [listing]: { state: "failed", reason: "no answer" } };
      const plan = planCluster(listing === "complete" ? request : { ...request, ...failed });
      fc.pre(plan.blocked !== undefined);
      const allowed = listing === "complete" ? ["keep", "ignore", "conflict"] : ["keep"];
      for (const { action } of plan.decisions) expect(allowed).toContain(action);
      const held = plan.decisions.flatMap(({ namespace, name, declared }) =>
        declared === undefined ? [] : [{ namespace, name, ...declared }],
      );
      const recorded = world.recorded.map(({ namespace, name, spec, tags }) => ({
        namespace,
        name,
        spec,
        tags,
        from: "recorded",
      }));
      expect(held).toEqual(recorded);
    }),
  );
});

test("no plan takes away more live associations than the limit or a person allows", () => {
  const limits = fc.record({ count: fc.nat(4), share: fc.constantFrom(0, 0.1, 0.5, 1) });
  fc.assert(
    fc.property(worlds, limits, fc.nat(6), (world, deletionLimit, allowedDeletions) => {
      const plan = planCluster({ ...inputOf(world, { deletionLimit }), allowedDeletions });
      const left = new Set(carryOut(world, plan).live.map(({ id }) => id));
      const taken = world.live.filter(({ id }) => !left.has(id)).length;
      const ours = new Set([...world.live, ...world.recorded].map(keyOf)).size;
      expect(taken).toBeLessThanOrEqual(
        Math.max(deletionLimit.count, Math.floor(deletionLimit.share * ours), allowedDeletions),
      );
      if (world.serviceAccounts.length === 0) expect(taken).toBeLessThanOrEqual(allowedDeletions);
    }),
  );
});

test("carried out, the plan gives every ServiceAccount what it wants, and touches nobody else's", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const plan = freely(world);
      const after = carryOut(world, plan);
      for (const decision of plan.decisions) {
        if (standingOf(world, decision) === "wanted" && !["conflict", "keep"].includes(decision.action)) {
          expect(isInStep(after, decision)).toBe(true);
        }
      }
      const recordedIds = new Set(world.recorded.map(({ id }) => id));
      const foreign = ({ id, tags, ownerArn }: World["live"][number]): boolean =>
        ownerArn !== undefined || (!recordedIds.has(id) && tags["managed-by"] === undefined);
      const untouched = world.live.filter((association) => foreign(association) && !world.purge);
      expect(after.live).toEqual(expect.arrayContaining(untouched));
    }),
  );
});

test("carried out, the plan leaves nothing more to do", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const again = freely(carryOut(world, freely(world)));
      const actions = again.decisions.map(({ action }) => action);
      expect(["unchanged", "keep", "conflict", "ignore"]).toEqual(expect.arrayContaining(actions));
    }),
    { numRuns: 500 },
  );
});

test("the plan does not depend on the order of the lists, and is sorted, a row for a key", () => {
  const shuffled = <T>(items: readonly T[]): fc.Arbitrary<readonly T[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  const shuffledWorlds = anyWorld.chain((world) =>
    fc.tuple(
      fc.constant(world),
      fc.record({
        serviceAccounts: shuffled(world.serviceAccounts),
        live: shuffled(world.live),
        recorded: shuffled(world.recorded),
      }),
    ),
  );
  fc.assert(
    fc.property(shuffledWorlds, ([world, order]) => {
      const plan = freely(world);
      expect(freely({ ...world, ...order })).toEqual(plan);
      const places = plan.decisions.map(({ namespace, name }) => `${namespace}\0${name}`);
      expect(places).toEqual([...new Set(places)].sort());
    }),
  );
});

test("the input is only read", () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      expect(() => freely(frozen(world))).not.toThrow();
    }),
  );
});
