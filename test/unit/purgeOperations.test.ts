import { expect, test } from "vitest";
import { diff, update } from "../../provider/operations.ts";
import { readRules, writeRules } from "../../provider/rules.ts";
import { desireOf } from "../../src/plan/desire.ts";
import { matcher, openRules, restricted, roleArn, serviceAccount } from "./planFixtures.ts";
import { inputsOf, stale } from "./purgeFixtures.ts";

const two = [stale(), stale({ associationId: "a-2", serviceAccount: "other" })];

test.each([
  { title: "nothing is stale", news: [], deleted: ["a-1"], changes: false },
  {
    title: "what is listed is gone by an earlier update",
    news: two,
    deleted: ["a-2", "a-1"],
    changes: false,
  },
  { title: "one more is stale", news: two, deleted: ["a-1"], changes: true },
  { title: "the first is stale", news: two, deleted: [], changes: true },
])("whether there is a change where $title: $changes", ({ news, deleted, changes }) => {
  expect(diff({ deleted }, inputsOf(news))).toEqual({ changes });
});

test("other rules, another endpoint or another role are no change", () => {
  const news = { ...inputsOf([], { rules: { purge: true, tags: { other: "tag" } } }), roleArn: roleArn("x") };
  expect(diff({ ...inputsOf([]), deleted: [] }, news)).toEqual({ changes: false });
});

test("an update with nothing new asks nobody, and forgets ids that the plan no longer names", async () => {
  expect(await update({ deleted: ["a-0", "a-1"] }, inputsOf([stale()]))).toEqual({ deleted: ["a-1"] });
});

test("rules decide the same after they were written and read", () => {
  const rules = {
    ...openRules,
    exclude: [matcher({ namespace: "^kube-", name: "_^app" })],
    restrict: [restricted("role/admin$", { namespace: "^ops$" }), restricted("_role/r")],
  };
  const read = readRules(writeRules(rules));
  for (const namespace of ["default", "ops", "kube-system"]) {
    for (const name of ["app", "other"]) {
      for (const role of ["admin", "reader", "writer"]) {
        const account = serviceAccount({
          namespace,
          name,
          annotations: { [rules.annotations.roleArn]: roleArn(role) },
        });
        expect(desireOf(account, read)).toEqual(desireOf(account, rules));
      }
    }
  }
});
