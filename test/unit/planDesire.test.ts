import { describe, expect, test } from "vitest";
import { type Desire, desireOf, exclusionOf } from "../../src/plan/desire.ts";
import type { ClusterRules } from "../../src/plan/types.ts";
import { keys, matcher, openRules, restricted, roleArn, serviceAccount } from "./planFixtures.ts";

const reader = roleArn("reader");
const longText = "x".repeat(300);

describe("what the annotations ask for", () => {
  interface Case {
    readonly title: string;
    readonly annotations: Record<string, string>;
    readonly expected: Desire;
  }
  const cases: readonly Case[] = [
    { title: "no annotation at all", annotations: {}, expected: { state: "unannotated" } },
    {
      title: "other annotations only",
      annotations: { [keys.policy]: "{}", team: "a" },
      expected: { state: "unannotated" },
    },
    {
      title: "a role",
      annotations: { [keys.roleArn]: reader },
      expected: { state: "wanted", spec: { roleArn: reader } },
    },
    {
      title: "an empty role counts as annotated",
      annotations: { [keys.roleArn]: "" },
      expected: {
        state: "invalid",
        reason: 'annotation eks.amazonaws.com/role-arn: "" is not the ARN of an IAM role',
      },
    },
    {
      title: "a role with a blank before it",
      annotations: { [keys.roleArn]: ` ${reader}` },
      expected: {
        state: "invalid",
        reason: `annotation eks.amazonaws.com/role-arn: " ${reader}" is not the ARN of an IAM role`,
      },
    },
    {
      title: "long text is cut, and its line breaks are escaped",
      annotations: { [keys.roleArn]: `\n${longText}` },
      expected: {
        state: "invalid",
        reason: `annotation eks.amazonaws.com/role-arn: "\\n${"x".repeat(199)}..." is not the ARN of an IAM role`,
      },
    },
    {
      title: "a target role",
      annotations: { [keys.roleArn]: reader, [keys.targetRoleArn]: roleArn("far") },
      expected: { state: "wanted", spec: { roleArn: reader, targetRoleArn: roleArn("far") } },
    },
    {
      title: "a target that is not a role",
      annotations: { [keys.roleArn]: reader, [keys.targetRoleArn]: "far" },
      expected: {
        state: "invalid",
        reason: 'annotation example.com/target-role-arn: "far" is not the ARN of an IAM role',
      },
    },
    {
      title: "session tags off",
      annotations: { [keys.roleArn]: reader, [keys.disableSessionTags]: "true" },
      expected: { state: "wanted", spec: { roleArn: reader, disableSessionTags: true } },
    },
    {
      title: "session tags on, which is what AWS does by itself",
      annotations: { [keys.roleArn]: reader, [keys.disableSessionTags]: "false" },
      expected: { state: "wanted", spec: { roleArn: reader } },
    },
    {
      title: "session tags neither on nor off",
      annotations: { [keys.roleArn]: reader, [keys.disableSessionTags]: "yes" },
      expected: {
        state: "invalid",
        reason: 'annotation example.com/disable-session-tags: "yes" is neither "true" nor "false"',
      },
    },
    {
      title: "a session policy, brought into one form",
      annotations: {
        [keys.roleArn]: reader,
        [keys.disableSessionTags]: "true",
        [keys.policy]: '{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "*" }] }',
      },
      expected: {
        state: "wanted",
        spec: {
          roleArn: reader,
          disableSessionTags: true,
          policy: '{"Statement":[{"Action":"*","Effect":"Deny"}],"Version":"2012-10-17"}',
        },
      },
    },
    {
      title: "a session policy with session tags, which AWS refuses",
      annotations: { [keys.roleArn]: reader, [keys.policy]: "{}" },
      expected: {
        state: "invalid",
        reason:
          'annotation example.com/policy: "{}" is taken only with example.com/disable-session-tags: "true"',
      },
    },
    ...["", "[]", "null", '"{}"', "{", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`].map((policy) => ({
      title: `a session policy that is no JSON object: ${policy.slice(0, 10)}`,
      annotations: { [keys.roleArn]: reader, [keys.disableSessionTags]: "true", [keys.policy]: policy },
      expected: {
        state: "invalid" as const,
        reason: expect.stringMatching(/^annotation example.com\/policy: .* is not a JSON object$/),
      },
    })),
  ];
  for (const { title, annotations, expected } of cases) {
    test(title, () => expect(desireOf(serviceAccount({ annotations }), openRules)).toEqual(expected));
  }

  test("the annotation's key is the configured one", () => {
    const rules = { ...openRules, annotations: { ...keys, roleArn: "example.com/role" } };
    expect(desireOf(serviceAccount(), rules)).toEqual({ state: "unannotated" });
    const renamed = serviceAccount({ annotations: { "example.com/role": reader } });
    expect(desireOf(renamed, rules)).toEqual({ state: "wanted", spec: { roleArn: reader } });
  });

  test("a key that every object inherits is not an annotation", () => {
    const rules = { ...openRules, annotations: { ...keys, roleArn: "constructor" } };
    expect(desireOf(serviceAccount(), rules)).toEqual({ state: "unannotated" });
  });
});

describe("exclude_service_accounts", () => {
  interface Case {
    readonly title: string;
    readonly exclude: readonly { namespace?: string; name?: string }[];
    readonly excluded: string | undefined;
  }
  const [first, second] = ["exclude_service_accounts[0]", "exclude_service_accounts[1]"];
  const cases: readonly Case[] = [
    { title: "no rules exclude nobody", exclude: [], excluded: undefined },
    {
      title: "both fields match",
      exclude: [{ namespace: "^default$", name: "^app$" }],
      excluded: `${first} (namespace ^default$, name ^app$) excludes it`,
    },
    {
      title: "only the namespace matches",
      exclude: [{ namespace: "^default$", name: "^sa$" }],
      excluded: undefined,
    },
    {
      title: "only the name matches",
      exclude: [{ namespace: "^kube-", name: "^app$" }],
      excluded: undefined,
    },
    {
      title: "an omitted name matches everything",
      exclude: [{ namespace: "^default$" }],
      excluded: `${first} (namespace ^default$, name anything) excludes it`,
    },
    {
      title: "an omitted namespace matches everything",
      exclude: [{ name: "p" }],
      excluded: `${first} (namespace anything, name p) excludes it`,
    },
    {
      title: "the rule that matched is named",
      exclude: [{ namespace: "^kube-system$" }, { name: "^app$" }],
      excluded: `${second} (namespace anything, name ^app$) excludes it`,
    },
    {
      title: "expressions are searched for, not anchored",
      exclude: [{ namespace: "fau", name: "pp" }],
      excluded: `${first} (namespace fau, name pp) excludes it`,
    },
    { title: "_ negates", exclude: [{ namespace: "_^default$" }], excluded: undefined },
    {
      title: "_ negates what does not match",
      exclude: [{ namespace: "_^kube-" }],
      excluded: `${first} (namespace _^kube-, name anything) excludes it`,
    },
    { title: "_ alone matches nothing", exclude: [{ namespace: "_" }], excluded: undefined },
    { title: "^$ matches nothing", exclude: [{ namespace: "^$" }], excluded: undefined },
    {
      title: "_^$ matches everything",
      exclude: [{ namespace: "_^$" }],
      excluded: `${first} (namespace _^$, name anything) excludes it`,
    },
  ];
  for (const { title, exclude, excluded } of cases) {
    test(title, () => {
      const rules = { ...openRules, exclude: exclude.map(matcher) };
      expect(exclusionOf({ namespace: "default", name: "app" }, rules)).toBe(excluded);
      const expected = excluded === undefined ? "wanted" : "excluded";
      expect(desireOf(serviceAccount(), rules).state).toBe(expected);
    });
  }
});

describe("restrict_roles", () => {
  interface Case {
    readonly title: string;
    readonly restrict: ClusterRules["restrict"];
    readonly annotations?: Record<string, string>;
    readonly expected: Desire;
  }
  const wanted: Desire = { state: "wanted", spec: { roleArn: reader } };
  const refusedBy = (index: number, source: string, role = reader): Desire => ({
    state: "restricted",
    roleArn: role,
    reason: `restrict_roles[${index}] (${source}) does not allow ${role}`,
  });
  const cases: readonly Case[] = [
    { title: "no rules restrict nothing", restrict: [], expected: wanted },
    { title: "a rule for another role", restrict: [restricted("role/admin$")], expected: wanted },
    {
      title: "nobody is allowed",
      restrict: [restricted("role/reader$")],
      expected: refusedBy(0, "role/reader$"),
    },
    {
      title: "somebody else is allowed",
      restrict: [restricted("reader", { name: "^sa3$", namespace: "^default$" })],
      expected: refusedBy(0, "reader"),
    },
    {
      title: "the fields of an entry are ANDed",
      restrict: [restricted("reader", { name: "^app$", namespace: "^kube-system$" })],
      expected: refusedBy(0, "reader"),
    },
    {
      title: "entries are ORed",
      restrict: [restricted("reader", { name: "^sa3$" }, { namespace: "^default$" })],
      expected: { ...wanted, ruleNote: `restrict_roles[0] (reader) allows ${reader}` },
    },
    {
      title: "an entry without fields allows everybody",
      restrict: [restricted("reader", {})],
      expected: { ...wanted, ruleNote: `restrict_roles[0] (reader) allows ${reader}` },
    },
    {
      title: "the first rule that matches decides: it refuses",
      restrict: [restricted("admin"), restricted("reader"), restricted("reader", {})],
      expected: refusedBy(1, "reader"),
    },
    {
      title: "the first rule that matches decides: it allows",
      restrict: [restricted("reader", { name: "app" }), restricted("reader")],
      expected: { ...wanted, ruleNote: `restrict_roles[0] (reader) allows ${reader}` },
    },
    {
      title: "an omitted role is every role",
      restrict: [restricted("")],
      expected: refusedBy(0, "anything"),
    },
    { title: "a negated role", restrict: [restricted("_/reader$")], expected: wanted },
    {
      title: "a restricted target role",
      restrict: [restricted("role/far$")],
      annotations: { [keys.roleArn]: reader, [keys.targetRoleArn]: roleArn("far") },
      expected: refusedBy(0, "role/far$", roleArn("far")),
    },
    {
      title: "role and target role both allowed",
      restrict: [restricted("far", {}), restricted("reader", {})],
      annotations: { [keys.roleArn]: reader, [keys.targetRoleArn]: roleArn("far") },
      expected: {
        state: "wanted",
        spec: { roleArn: reader, targetRoleArn: roleArn("far") },
        ruleNote: `restrict_roles[1] (reader) allows ${reader}; restrict_roles[0] (far) allows ${roleArn("far")}`,
      },
    },
    {
      title: "a malformed annotation beside it does not hide that the role is restricted",
      restrict: [restricted("reader")],
      annotations: { [keys.roleArn]: reader, [keys.disableSessionTags]: "?", [keys.targetRoleArn]: "?" },
      expected: refusedBy(0, "reader"),
    },
    {
      title: "what is not a role is invalid, not restricted",
      restrict: [restricted("")],
      annotations: { [keys.roleArn]: "reader" },
      expected: {
        state: "invalid",
        reason: 'annotation eks.amazonaws.com/role-arn: "reader" is not the ARN of an IAM role',
      },
    },
  ];
  for (const { title, restrict, annotations, expected } of cases) {
    test(title, () => {
      const account = annotations === undefined ? serviceAccount() : serviceAccount({ annotations });
      expect(desireOf(account, { ...openRules, restrict })).toEqual(expected);
    });
  }

  test("who is excluded and restricted is excluded", () => {
    const rules = { ...openRules, exclude: [matcher({ name: "^app$" })], restrict: [restricted("")] };
    expect(desireOf(serviceAccount(), rules).state).toBe("excluded");
  });
});
