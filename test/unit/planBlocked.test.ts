import { describe, expect, test } from "vitest";
import { deletionGuard } from "../../src/plan/deletionGuard.ts";
import { planCluster } from "../../src/plan/planCluster.ts";
import { input, live, matcher, ownTags, recorded, roleArn, serviceAccount } from "./planFixtures.ts";

/** The first is wanted and new, the others are each in another state. */
const refs = {
  fresh: { namespace: "a", name: "fresh" },
  stale: { namespace: "b", name: "stale" },
  steady: { namespace: "c", name: "steady" },
  orphan: { namespace: "d", name: "orphan" },
  excluded: { namespace: "e", name: "excluded" },
  external: { namespace: "f", name: "external" },
  lost: { namespace: "g", name: "lost" },
  contested: { namespace: "h", name: "contested" },
};
const reader = roleArn("reader");
const other = { roleArn: roleArn("other") };
const mixed = {
  serviceAccounts: [refs.fresh, refs.steady, refs.excluded, refs.lost, refs.contested].map(serviceAccount),
  live: [
    live({ ...refs.stale, id: "a-stale" }),
    live({ ...refs.steady, id: "a-steady" }),
    live({ ...refs.orphan, id: "a-orphan" }),
    live({ ...refs.excluded, id: "a-excluded" }),
    live({ ...refs.external, id: "a-external", tags: {} }),
    live({ ...refs.lost, id: "a-lost", spec: other }),
    live({ ...refs.contested, id: "a-contested", tags: {} }),
  ],
  recorded: [
    recorded({ ...refs.stale, id: "a-stale" }),
    recorded({ ...refs.steady, id: "a-steady" }),
    recorded({ ...refs.excluded, id: "a-excluded" }),
  ],
};
const rules = { exclude: [matcher({ name: "^excluded$" })], purge: true };
const declared = { spec: { roleArn: reader }, tags: ownTags, from: "recorded" };

describe("more deletions than may be trusted", () => {
  const held = planCluster(input({ ...mixed, rules: { ...rules, deletionLimit: { count: 2, share: 0 } } }));

  test("the message has the numbers, the limit and the way to allow it once", () => {
    expect(held.blocked).toBe(
      "would delete 3 of 5 associations, more than the limit of 2 (2 or 0 %, whichever is more): check filters, tags and cluster; if this is meant, allow it for one run with POD_IDENTITY_ALLOW_DELETIONS=3",
    );
  });

  test("nothing in the cluster changes, and each row says what would have happened", () => {
    const gone = "the ServiceAccount is gone";
    const about = { roleArn: reader, cause: "blocked" };
    expect(held.decisions).toEqual([
      {
        ...refs.fresh,
        ...about,
        action: "ignore",
        reason: "held, would be created: annotated, and has no association",
      },
      {
        ...refs.stale,
        ...about,
        associationId: "a-stale",
        action: "keep",
        reason: `held, would be deleted: ${gone}`,
        declared,
      },
      {
        ...refs.steady,
        ...about,
        associationId: "a-steady",
        action: "keep",
        reason: "held, would stay as it is: as annotated",
        declared,
      },
      {
        ...refs.orphan,
        ...about,
        associationId: "a-orphan",
        action: "ignore",
        reason: `held, would be deleted: ${gone}`,
      },
      {
        ...refs.excluded,
        roleArn: reader,
        associationId: "a-excluded",
        action: "keep",
        cause: "excluded",
        reason: "exclude_service_accounts[0] (namespace anything, name ^excluded$) excludes it",
        declared,
      },
      {
        ...refs.external,
        ...about,
        associationId: "a-external",
        action: "ignore",
        reason: `held, would be purged: ${gone}; purge is on; made by somebody else (no tags)`,
      },
      {
        ...refs.lost,
        ...about,
        associationId: "a-lost",
        action: "ignore",
        reason: `held, would be adopted: a-lost carries our tags and is not in the state: imported, then role ${other.roleArn} -> ${reader}`,
      },
      {
        ...refs.contested,
        roleArn: reader,
        associationId: "a-contested",
        action: "conflict",
        cause: "external",
        reason: "annotated, but a-contested stands there: made by somebody else (no tags)",
      },
    ]);
  });

  test.each([
    { title: "the limit reaches", deletionLimit: { count: 3, share: 0 } },
    { title: "the share reaches", deletionLimit: { count: 0, share: 0.6 } },
    { title: "they are allowed for this run", deletionLimit: { count: 0, share: 0 }, allowedDeletions: 3 },
  ])("not blocked where $title", ({ deletionLimit, allowedDeletions = 0 }) => {
    const plan = planCluster(input({ ...mixed, rules: { ...rules, deletionLimit }, allowedDeletions }));
    expect(plan.blocked).toBeUndefined();
    const actions = plan.decisions.map(({ action }) => action);
    expect(actions).toEqual([
      "create",
      "delete",
      "unchanged",
      "delete",
      "keep",
      "purge",
      "adopt",
      "conflict",
    ]);
  });

  test("an update is held with the spec and tags of the state", () => {
    const before = { spec: other, tags: { owner: "old" } };
    const plan = planCluster(
      input({
        serviceAccounts: [serviceAccount()],
        live: [live(before), live({ ...refs.stale, id: "a-stale" })],
        recorded: [recorded(before), recorded({ ...refs.stale, id: "a-stale" })],
        rules: { deletionLimit: { count: 0, share: 0 } },
      }),
    );
    expect(plan.decisions.at(-1)).toMatchObject({
      name: "app",
      action: "keep",
      reason: `held, would be updated: role ${other.roleArn} -> ${reader}, tags changed (managed-by, owner)`,
      declared: { ...before, from: "recorded" },
    });
  });

  test("what is held where the live one has another id is what the state holds", () => {
    const plan = planCluster(
      input({
        serviceAccounts: [serviceAccount(refs.fresh)],
        live: [live({ id: "a-2" })],
        recorded: [recorded()],
        rules: { deletionLimit: { count: 0, share: 0 } },
      }),
    );
    expect(plan.decisions.at(-1)).toMatchObject({ action: "keep", associationId: "a-1", declared });
  });
});

describe("the guard", () => {
  const limit = { count: 20, share: 0.1 };
  const cases = [
    { title: "no deletions", tally: [0, 500, 500], blocked: false },
    { title: "at the count", tally: [20, 20, 500], blocked: false },
    { title: "above the count in a small cluster", tally: [21, 100, 500], blocked: true },
    { title: "at the share", tally: [50, 500, 500], blocked: false },
    { title: "above the share", tally: [51, 500, 500], blocked: true },
    { title: "the share is cut down to whole associations", tally: [51, 509, 500], blocked: true },
    { title: "one deletion without a single ServiceAccount", tally: [1, 500, 0], blocked: true },
    { title: "no deletions without a single ServiceAccount", tally: [0, 500, 0], blocked: false },
    { title: "allowed", tally: [51, 500, 500], allowed: 51, blocked: false },
    { title: "more than allowed", tally: [51, 500, 500], allowed: 50, blocked: true },
    { title: "allowed without a single ServiceAccount", tally: [3, 500, 0], allowed: 3, blocked: false },
    { title: "fewer allowed than the limit has anyhow", tally: [20, 20, 500], allowed: 1, blocked: false },
  ] as const;
  test.each(cases)(
    "$title: blocked $blocked",
    ({ tally: [deletions, managed, serviceAccounts], blocked, ...rest }) => {
      const allowed = "allowed" in rest ? rest.allowed : undefined;
      expect(deletionGuard({ deletions, managed, serviceAccounts }, limit, allowed) !== undefined).toBe(
        blocked,
      );
    },
  );

  test("a share of 29 % of 100 is 29, though not in floating point", () => {
    const tally = { deletions: 29, managed: 100, serviceAccounts: 1 };
    expect(deletionGuard(tally, { count: 0, share: 0.29 })).toBeUndefined();
    expect(deletionGuard({ ...tally, deletions: 30 }, { count: 0, share: 0.29 })).toContain(
      "(0 or 29 %, whichever",
    );
  });
});

describe("a listing without a single ServiceAccount", () => {
  test("deletes nothing", () => {
    const plan = planCluster(input({ live: [live()], recorded: [recorded()] }));
    expect(plan.blocked).toBe(
      "would delete 1 of 1 associations because no ServiceAccounts were found at all: check that the kubeconfig is this cluster's; if this is meant, allow it for one run with POD_IDENTITY_ALLOW_DELETIONS=1",
    );
    expect(plan.decisions).toMatchObject([{ action: "keep", cause: "blocked", declared }]);
  });

  test("purges nothing", () => {
    const plan = planCluster(input({ live: [live({ tags: {} })], rules: { purge: true } }));
    expect(plan.blocked).toContain("would delete 1 of 0 associations");
    expect(plan.decisions).toMatchObject([{ action: "ignore", cause: "blocked" }]);
  });

  test("is fine where nothing would be deleted", () => {
    const plan = planCluster(input({ live: [live({ tags: {} })] }));
    expect(plan.blocked).toBeUndefined();
    expect(plan.decisions).toMatchObject([{ action: "ignore", cause: "external" }]);
  });
});

describe("recorded associations that AWS does not list", () => {
  const bystander = serviceAccount({ annotations: {} });
  const gone = recorded({ ...refs.stale, id: "a-stale" });
  const deletionLimit = { count: 0, share: 0 };

  test("are taken to be gone, and not counted, where others are listed", () => {
    const listed = live({ ...refs.external, id: "a-external", tags: {} });
    const plan = planCluster(
      input({ serviceAccounts: [bystander], live: [listed], recorded: [gone], rules: { deletionLimit } }),
    );
    expect(plan.blocked).toBeUndefined();
    expect(plan.decisions[0]).toMatchObject({ action: "delete", recorded: true });
  });

  test("are counted where the list is empty, which proves nothing", () => {
    const plan = planCluster(
      input({ serviceAccounts: [bystander], recorded: [gone], rules: { deletionLimit } }),
    );
    expect(plan.blocked).toContain("would delete 1 of 1 associations");
    expect(plan.decisions).toMatchObject([{ action: "keep", cause: "blocked" }]);
  });
});

describe("a listing that is not complete", () => {
  const complete = input({ ...mixed, rules, allowedDeletions: 1000 });
  const failed = { state: "failed", reason: "connection refused" } as const;
  const cases = [
    {
      title: "ServiceAccounts",
      listings: { serviceAccounts: failed },
      blocked: "ServiceAccounts not listed: connection refused",
    },
    {
      title: "associations",
      listings: { associations: failed },
      blocked: "associations not listed: connection refused",
    },
    {
      title: "both",
      listings: { serviceAccounts: failed, associations: failed },
      blocked: "ServiceAccounts not listed: connection refused; associations not listed: connection refused",
    },
  ];
  test.each(cases)("$title: what is recorded is kept, and nothing else is done", ({ listings, blocked }) => {
    const plan = planCluster({ ...complete, ...listings });
    expect(plan.blocked).toBe(blocked);
    const kept = (ref: { namespace: string; name: string }, associationId: string) => ({
      ...ref,
      action: "keep",
      cause: "unreadable",
      reason: `kept as recorded, ${blocked}`,
      associationId,
      roleArn: reader,
      declared,
    });
    expect(plan.decisions).toEqual([
      kept(refs.stale, "a-stale"),
      kept(refs.steady, "a-steady"),
      kept(refs.excluded, "a-excluded"),
    ]);
  });

  test("what is kept is sorted", () => {
    const request = input({ recorded: mixed.recorded.toReversed() });
    const { decisions } = planCluster({ ...request, serviceAccounts: failed });
    expect(decisions.map(({ name }) => name)).toEqual(["stale", "steady", "excluded"]);
  });

  test("a key recorded twice is kept once: the live one", () => {
    const twice = [recorded({ id: "a-0" }), recorded({ id: "a-1" })];
    const request = input({ live: [live()], recorded: twice });
    const plan = planCluster({ ...request, serviceAccounts: failed });
    expect(plan.decisions).toMatchObject([{ action: "keep", associationId: "a-1" }]);
  });
});
