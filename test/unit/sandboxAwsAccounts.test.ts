import { expect, test } from "vitest";
import { trusts } from "../../sandbox/aws/trustPolicy.ts";
import { World } from "../../sandbox/aws/world.ts";
import { accessEntries, addAccounts } from "../../sandbox/awsAccounts.ts";

const BASE = "111111111111";
const OTHER = "222222222222";

function world(): World {
  return new World({ now: () => 0, dueAt: () => 0 });
}

/** Whether a principal of `account`, or EKS Pod Identity, may assume the role. */
function mayAssume(subject: World, arn: string, who: { account: string } | "pods"): boolean {
  const assumer =
    who === "pods"
      ? { service: "pods.eks.amazonaws.com" }
      : { ...who, arn: `arn:aws:iam::${who.account}:user/admin` };
  const role = subject.role(arn);
  if (role === undefined) throw new Error(`no role ${arn}`);
  return trusts(role.trustPolicy, assumer, "sts:AssumeRole");
}

test("the credentials are those of the base account, and an account that is named twice is one", () => {
  const subject = world();
  const { accessKeyId } = addAccounts(subject, BASE, [OTHER, BASE, OTHER], []);
  expect(subject.principal(accessKeyId)?.account).toBe(BASE);
  expect(subject.ids()).toEqual([BASE, OTHER]);
});

test.each([BASE, OTHER])("account %s has the role that the base account alone may assume", (account) => {
  const subject = world();
  addAccounts(subject, BASE, [OTHER], ["reader"]);
  const arn = `arn:aws:iam::${account}:role/pod-identity-sync`;
  expect(mayAssume(subject, arn, { account: BASE })).toBe(true);
  expect(mayAssume(subject, arn, { account: OTHER })).toBe(false);
  expect(mayAssume(subject, arn, "pods")).toBe(false);
});

test.each([BASE, OTHER])("account %s has the roles for pods", (account) => {
  const subject = world();
  addAccounts(subject, BASE, [OTHER], ["reader"]);
  const arn = `arn:aws:iam::${account}:role/reader`;
  expect(mayAssume(subject, arn, "pods")).toBe(true);
  expect(mayAssume(subject, arn, { account: BASE })).toBe(false);
});

test.each([
  {
    cluster: "of the base account",
    account: BASE,
    admitted: [`arn:aws:iam::${BASE}:role/pod-identity-sync`, `arn:aws:iam::${BASE}:user/admin`],
  },
  {
    cluster: "of another account",
    account: OTHER,
    admitted: [`arn:aws:iam::${OTHER}:role/pod-identity-sync`],
  },
])("a cluster $cluster admits $admitted", ({ account, admitted }) => {
  const subject = world();
  addAccounts(subject, BASE, [OTHER], []);
  const entries = accessEntries(subject, { name: "blue", region: "us-east-1", account }, BASE);
  expect(entries).toEqual(admitted.map((principalArn) => ({ principalArn, groups: ["pod-identity-sync"] })));
});
