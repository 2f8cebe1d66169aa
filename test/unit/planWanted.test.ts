import { describe } from "vitest";
import { keys, live, ownTags, recorded, restricted, roleArn, serviceAccount } from "./planFixtures.ts";
import {
  addOn,
  addOnOwned,
  asRecorded,
  check,
  declared,
  foreign,
  foreignRemade,
  reader,
  remade,
  wanted,
  writer,
} from "./planRowCases.ts";

describe("wanted", () => {
  const concerned = { associationId: "a-1", roleArn: reader };
  check([
    {
      title: "nothing there: create",
      serviceAccount: wanted,
      expected: { action: "create", reason: "annotated, and has no association", roleArn: reader, declared },
    },
    {
      title: "recorded, but not in AWS: create again",
      serviceAccount: wanted,
      recorded: recorded(),
      expected: {
        ...concerned,
        action: "create",
        reason: "annotated, and a-1 was deleted outside",
        declared,
        recreate: true,
        drifted: true,
      },
    },
    {
      title: "in step: unchanged",
      serviceAccount: wanted,
      live: live(),
      recorded: recorded(),
      expected: { ...concerned, action: "unchanged", reason: "as annotated", declared },
    },
    {
      title: "in step, as far as a list without roles tells",
      serviceAccount: wanted,
      live: { namespace: "default", name: "app", id: "a-1", tags: ownTags },
      recorded: recorded(),
      expected: { ...concerned, action: "unchanged", reason: "as annotated", declared },
    },
    {
      title: "tags that others put on it are left to them",
      serviceAccount: wanted,
      live: live({ tags: { ...ownTags, cost: "42" } }),
      recorded: recorded(),
      expected: { ...concerned, action: "unchanged", reason: "as annotated", declared },
    },
    {
      title: "another role: update",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: writer } }),
      recorded: recorded({ spec: { roleArn: writer } }),
      expected: { ...concerned, action: "update", reason: `role ${writer} -> ${reader}`, declared },
    },
    {
      title: "role changed outside: update, after a refresh",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: writer } }),
      recorded: recorded(),
      expected: {
        ...concerned,
        action: "update",
        reason: `changed outside, to be put back: role ${writer} -> ${reader}`,
        declared,
        drifted: true,
      },
    },
    {
      title: "our tags removed outside: still ours, update after a refresh",
      serviceAccount: wanted,
      live: live({ tags: {} }),
      recorded: recorded(),
      expected: {
        ...concerned,
        action: "update",
        reason: "changed outside, to be put back: tags changed (managed-by)",
        declared,
        drifted: true,
      },
    },
    {
      title: "annotated anew and changed outside",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: roleArn("other") } }),
      recorded: recorded({ spec: { roleArn: writer } }),
      expected: {
        ...concerned,
        action: "update",
        reason: `role ${writer} -> ${reader}; changed outside, too`,
        declared,
        drifted: true,
      },
    },
    {
      title: "configured tags changed: what the state holds is still ours, and retagged",
      serviceAccount: wanted,
      live: live({ tags: { owner: "old" } }),
      recorded: recorded({ tags: { owner: "old" } }),
      expected: { ...concerned, action: "update", reason: "tags changed (managed-by, owner)", declared },
    },
    {
      title: "ours by its tags, not recorded: adopt",
      serviceAccount: wanted,
      live: live(),
      expected: {
        ...concerned,
        action: "adopt",
        reason: "a-1 carries our tags and is not in the state: imported",
        declared: { ...declared, importId: "a-1" },
      },
    },
    {
      title: "ours by its tags, not recorded, role not known: adopt",
      serviceAccount: wanted,
      live: { namespace: "default", name: "app", id: "a-1", tags: ownTags },
      expected: {
        ...concerned,
        action: "adopt",
        reason: "a-1 carries our tags and is not in the state: imported",
        declared: { ...declared, importId: "a-1" },
      },
    },
    {
      title: "ours by its tags, not recorded, another role: adopt, then update",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: writer } }),
      expected: {
        ...concerned,
        action: "adopt",
        reason: `a-1 carries our tags and is not in the state: imported, then role ${writer} -> ${reader}`,
        declared: { ...declared, importId: "a-1" },
      },
    },
    {
      title: "recorded with another id than the live one with our tags: adopt that",
      serviceAccount: wanted,
      live: remade,
      recorded: recorded(),
      expected: {
        associationId: "a-2",
        roleArn: reader,
        action: "adopt",
        reason: "a-2 carries our tags and is not in the state: imported",
        declared: { ...declared, importId: "a-2" },
        drifted: true,
      },
    },
    {
      title: "somebody else's: conflict",
      serviceAccount: wanted,
      live: foreign,
      expected: {
        ...concerned,
        action: "conflict",
        cause: "external",
        reason: "annotated, but a-1 stands there: made by somebody else (managed-by=terraform)",
      },
    },
    {
      title: "somebody else's is a conflict with purge on, too",
      serviceAccount: wanted,
      live: foreign,
      rules: { purge: true },
      expected: {
        ...concerned,
        action: "conflict",
        cause: "external",
        reason: "annotated, but a-1 stands there: made by somebody else (managed-by=terraform)",
      },
    },
    {
      title: "some of our tags are not enough",
      serviceAccount: wanted,
      live: live(),
      rules: { tags: { ...ownTags, stack: "one" } },
      expected: {
        ...concerned,
        action: "conflict",
        cause: "external",
        reason: "annotated, but a-1 stands there: made by somebody else (managed-by=eks-auto-pod-id-assoc)",
      },
    },
    {
      title: "an add-on's, even with our tags: conflict",
      serviceAccount: wanted,
      live: addOnOwned,
      expected: {
        ...concerned,
        action: "conflict",
        cause: "addon",
        reason: `annotated, but a-1 stands there: made by the add-on ${addOn}`,
      },
    },
    {
      title: "recorded, but an add-on took it over: keep",
      serviceAccount: wanted,
      live: addOnOwned,
      recorded: recorded(),
      expected: {
        ...concerned,
        action: "keep",
        cause: "addon",
        reason: `a-1: made by the add-on ${addOn}`,
        declared: asRecorded,
      },
    },
    {
      title: "recorded with another id than somebody else's: conflict, and the record stays",
      serviceAccount: wanted,
      live: foreignRemade,
      recorded: recorded(),
      expected: {
        associationId: "a-2",
        roleArn: reader,
        action: "conflict",
        cause: "external",
        reason:
          "annotated, but a-2 stands there: made by somebody else (no tags); the state holds a-1, until `pulumi refresh` finds it gone",
        declared: asRecorded,
      },
    },
    {
      title: "the rule that allows the role is named",
      serviceAccount: wanted,
      rules: { restrict: [restricted("reader", { name: "app" })] },
      expected: {
        action: "create",
        reason: `annotated, and has no association; restrict_roles[0] (reader) allows ${reader}`,
        roleArn: reader,
        declared,
      },
    },
  ]);
});

describe("wanted, in every part of the association", () => {
  const policy = '{"Statement":[],"Version":"2012-10-17"}';
  const account = serviceAccount({
    annotations: {
      [keys.roleArn]: reader,
      [keys.targetRoleArn]: writer,
      [keys.disableSessionTags]: "true",
      [keys.policy]: policy,
    },
  });
  const spec = { roleArn: reader, targetRoleArn: writer, disableSessionTags: true, policy };
  const row = { associationId: "a-1", roleArn: reader, declared: { ...declared, spec } };
  const spaced = '{ "Version": "2012-10-17", "Statement": [] }';
  check([
    {
      title: "all of it is declared",
      serviceAccount: account,
      expected: {
        action: "create",
        reason: "annotated, and has no association",
        roleArn: reader,
        declared: row.declared,
      },
    },
    {
      title: "a policy that only looks different is the same",
      serviceAccount: account,
      live: live({ spec: { ...spec, policy: spaced } }),
      recorded: recorded({ spec }),
      expected: { ...row, action: "unchanged", reason: "as annotated" },
    },
    {
      title: "every difference is named",
      serviceAccount: account,
      live: live(),
      recorded: recorded(),
      expected: {
        ...row,
        action: "update",
        reason: `target role none -> ${writer}, session tags on -> off, session policy added`,
      },
    },
    {
      title: "every difference is named the other way round",
      serviceAccount: wanted,
      live: live({ spec }),
      recorded: recorded({ spec }),
      expected: {
        ...row,
        declared,
        action: "update",
        reason: `target role ${writer} -> none, session tags off -> on, session policy removed`,
      },
    },
    {
      title: "another policy is a change, even from what is not JSON",
      serviceAccount: account,
      live: live({ spec: { ...spec, policy: "{" } }),
      recorded: recorded({ spec: { ...spec, policy: "{" } }),
      expected: { ...row, action: "update", reason: "session policy changed" },
    },
    {
      title: "session tags left out and session tags on are the same",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: reader, disableSessionTags: false } }),
      recorded: recorded(),
      expected: { ...row, declared, action: "unchanged", reason: "as annotated" },
    },
  ]);
});
