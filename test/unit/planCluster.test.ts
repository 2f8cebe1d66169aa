import { describe, expect, test } from "vitest";
import { planCluster } from "../../src/plan/planCluster.ts";
import { input, live, recorded, restricted, serviceAccount } from "./planFixtures.ts";
import { unannotated, wanted } from "./planRowCases.ts";

describe("the same key twice", () => {
  const shuffles = <T>(a: T, b: T): readonly (readonly T[])[] => [
    [a, b],
    [b, a],
  ];
  const bystander = { namespace: "default", name: "default", annotations: {} };

  test.each(shuffles(wanted, unannotated))("the annotated ServiceAccount counts (%#)", (...accounts) => {
    const [decision] = planCluster(
      input({ serviceAccounts: accounts, live: [live()], recorded: [recorded()] }),
    ).decisions;
    expect(decision?.action).toBe("unchanged");
  });

  test.each(shuffles(recorded(), recorded({ id: "a-0" })))(
    "the record of what is live counts (%#)",
    (...records) => {
      const [decision, ...others] = planCluster(
        input({ serviceAccounts: [wanted], live: [live()], recorded: records }),
      ).decisions;
      expect(decision).toMatchObject({ action: "unchanged", associationId: "a-1" });
      expect(others).toEqual([]);
    },
  );

  test.each(shuffles(live({ id: "a-9" }), live({ id: "a-0", tags: {} })))(
    "the live association that is ours counts (%#)",
    (...found) => {
      const [decision] = planCluster(input({ serviceAccounts: [wanted], live: found })).decisions;
      expect(decision).toMatchObject({ action: "adopt", declared: { importId: "a-9" } });
    },
  );

  test.each(shuffles(live({ id: "a-9", tags: {} }), live({ id: "a-0" })))(
    "the live association that is recorded counts most (%#)",
    (...found) => {
      const plan = planCluster(
        input({ serviceAccounts: [bystander], live: found, recorded: [recorded({ id: "a-9" })] }),
      );
      expect(plan.decisions).toMatchObject([{ action: "delete", associationId: "a-9", recorded: true }]);
    },
  );
});

test("decisions are sorted by namespace, then name, in code-unit order", () => {
  const places = [
    ["b", "a"],
    ["a", "b"],
    ["a", "B"],
    ["a-a", "a"],
    ["Z", "z"],
  ] as const;
  const plan = planCluster(
    input({ serviceAccounts: places.map(([namespace, name]) => serviceAccount({ namespace, name })) }),
  );
  const order = plan.decisions.map(({ namespace, name }) => `${namespace}/${name}`);
  expect(order).toEqual(["Z/z", "a/B", "a/b", "a-a/a", "b/a"]);
});

test("an association goes with the ServiceAccount of its own namespace and name only", () => {
  const plan = planCluster(
    input({
      serviceAccounts: [serviceAccount({ namespace: "other" })],
      live: [live(), live({ namespace: "other", name: "app2", id: "a-2" })],
    }),
  );
  expect(plan.decisions.map(({ action, namespace, name }) => [action, namespace, name])).toEqual([
    ["delete", "default", "app"],
    ["create", "other", "app"],
    ["delete", "other", "app2"],
  ]);
});

test("the rules given are not changed by planning, and serve again", () => {
  const rules = { restrict: [restricted("reader", { namespace: "^default$" })] };
  const request = input({ serviceAccounts: [wanted, serviceAccount({ namespace: "other" })], rules });
  const first = planCluster(request);
  expect(first.decisions.map(({ action }) => action)).toEqual(["create", "ignore"]);
  expect(planCluster(request)).toEqual(first);
});
