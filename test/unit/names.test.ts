import { expect, test } from "vitest";
import { associationName, awsProviderName } from "../../src/program/names.ts";

// These names are in people's states: another one deletes the resource and makes it anew.

test("an association is named by cluster and ServiceAccount, and by nothing that may change", () => {
  const cluster = { name: "shop-prod", region: "eu-west-1", account: "111122223333" };
  const name = associationName(cluster, { namespace: "team", name: "app" });
  expect(name).toBe("111122223333/eu-west-1/shop-prod/team/app");
});

test.each([
  ["the default credentials", undefined, "eu-west-1"],
  ["a role", "arn:aws:iam::444455556666:role/sync", "eu-west-1/444455556666/sync"],
  ["a role with a path", "arn:aws:iam::444455556666:role/team/ops/sync", "eu-west-1/444455556666/sync"],
  ["a role elsewhere", "arn:aws-cn:iam::777788889999:role/sync", "eu-west-1/777788889999/sync"],
])("a provider of %s is named by region, account and role", (_what, roleArn, name) => {
  const role = roleArn === undefined ? {} : { roleArn };
  expect(awsProviderName({ region: "eu-west-1", ...role })).toBe(name);
});
