import { describe } from "vitest";
import type { RoleTrust } from "../../src/plan/types.ts";
import { keys, live, matcher, recorded, restricted, serviceAccount } from "./planFixtures.ts";
import {
  addOnOwned,
  asRecorded,
  check,
  declared,
  foreign,
  invalid,
  reader,
  unannotated,
  wanted,
  writer,
} from "./planRowCases.ts";

describe("excluded and invalid: hands off", () => {
  const excluded = {
    cause: "excluded" as const,
    reason: "exclude_service_accounts[0] (namespace ^default$, name ^app$) excludes it",
  };
  const refused = {
    cause: "invalid" as const,
    reason: 'annotation eks.amazonaws.com/role-arn: "reader" is not the ARN of an IAM role',
  };
  const rules = { exclude: [matcher({ namespace: "^default$", name: "^app$" })], purge: true };
  const concerned = { associationId: "a-1", roleArn: reader };
  const kept = { ...concerned, action: "keep" as const, declared: asRecorded };
  check([
    {
      title: "excluded, nothing there",
      serviceAccount: wanted,
      rules,
      expected: { action: "ignore", ...excluded },
    },
    {
      title: "excluded, not annotated, nothing there: no row",
      serviceAccount: unannotated,
      rules,
      expected: undefined,
    },
    {
      title: "excluded and recorded: kept",
      serviceAccount: wanted,
      live: live(),
      recorded: recorded(),
      rules,
      expected: { ...kept, ...excluded },
    },
    {
      title: "excluded, recorded, not annotated any more: kept",
      serviceAccount: unannotated,
      live: live(),
      recorded: recorded(),
      rules,
      expected: { ...kept, ...excluded },
    },
    {
      title: "excluded, recorded, ServiceAccount gone: kept",
      live: live(),
      recorded: recorded(),
      rules,
      expected: { ...kept, ...excluded },
    },
    {
      title: "excluded and recorded, with a restricted role: kept",
      serviceAccount: wanted,
      live: live(),
      recorded: recorded(),
      rules: { ...rules, restrict: [restricted("")] },
      expected: { ...kept, ...excluded },
    },
    {
      title: "excluded and recorded, not in AWS: kept",
      serviceAccount: wanted,
      recorded: recorded(),
      rules,
      expected: { ...kept, ...excluded },
    },
    {
      title: "excluded, ours by its tags: not adopted, not deleted",
      live: live(),
      rules,
      expected: { ...concerned, action: "ignore", ...excluded },
    },
    {
      title: "excluded, somebody else's: not purged",
      live: foreign,
      rules,
      expected: { ...concerned, action: "ignore", ...excluded },
    },
    {
      title: "kept with the tags that it was made with",
      serviceAccount: wanted,
      live: live(),
      recorded: recorded(),
      rules: { ...rules, tags: { new: "tag" } },
      expected: { ...kept, ...excluded },
    },
    { title: "invalid, nothing there", serviceAccount: invalid, expected: { action: "ignore", ...refused } },
    {
      title: "invalid and recorded: kept",
      serviceAccount: invalid,
      live: live(),
      recorded: recorded(),
      expected: { ...kept, ...refused },
    },
    {
      title: "invalid, recorded with another role than is live: the record is declared",
      serviceAccount: invalid,
      live: live({ spec: { roleArn: writer } }),
      recorded: recorded(),
      expected: { ...kept, ...refused },
    },
    {
      title: "invalid, ours by its tags: not adopted, not deleted",
      serviceAccount: invalid,
      live: live(),
      expected: { ...concerned, action: "ignore", ...refused },
    },
    {
      title: "invalid, somebody else's: not purged",
      serviceAccount: invalid,
      live: foreign,
      rules: { purge: true },
      expected: { ...concerned, action: "ignore", ...refused },
    },
    {
      title: "invalid and recorded, an add-on's: kept",
      serviceAccount: invalid,
      live: addOnOwned,
      recorded: recorded(),
      expected: { ...kept, ...refused },
    },
  ]);
});

describe("role_trust_check", () => {
  const untrusted: RoleTrust = { state: "untrusted", problem: "no sts:TagSession" };
  const missing: RoleTrust = { state: "missing" };
  const unknown: RoleTrust = { state: "unknown", problem: "iam:GetRole denied" };
  const created = { action: "create" as const, roleArn: reader, declared };
  const plain = { ...created, reason: "annotated, and has no association" };
  const blocked = {
    roleArn: reader,
    cause: "untrusted_role" as const,
    reason: `${reader} does not trust EKS Pod Identity: no sts:TagSession`,
  };
  check([
    {
      title: "off: nothing is said",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "off" },
      trust: untrusted,
      expected: plain,
    },
    {
      title: "block, trusted",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "block" },
      trust: { state: "trusted" },
      expected: plain,
    },
    {
      title: "block, not checked",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "block" },
      expected: plain,
    },
    {
      title: "warn: made all the same, with the warning",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "warn" },
      trust: untrusted,
      expected: {
        ...created,
        warns: true,
        reason: `${plain.reason}; warning: ${reader} does not trust EKS Pod Identity: no sts:TagSession`,
      },
    },
    {
      title: "what could not be read never blocks",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "block" },
      trust: unknown,
      expected: { ...created, reason: `${plain.reason}; trust of ${reader} not known: iam:GetRole denied` },
    },
    {
      title: "block, nothing there: not made",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "block" },
      trust: untrusted,
      expected: { action: "ignore", ...blocked },
    },
    {
      title: "block, recorded with the role before: that one stays",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: writer } }),
      recorded: recorded({ spec: { roleArn: writer } }),
      rules: { roleTrustCheck: "block" },
      trust: untrusted,
      expected: {
        action: "keep",
        associationId: "a-1",
        ...blocked,
        declared: { ...asRecorded, spec: { roleArn: writer } },
      },
    },
    {
      title: "block, ours by its tags: left alone",
      serviceAccount: wanted,
      live: live(),
      rules: { roleTrustCheck: "block" },
      trust: untrusted,
      expected: { action: "ignore", associationId: "a-1", ...blocked },
    },
    {
      title: "a role that does not exist is tried with a warning",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "warn" },
      trust: missing,
      expected: { ...created, warns: true, reason: `${plain.reason}; warning: ${reader} does not exist` },
    },
    {
      title: "a role that does not exist is waited for, where that is chosen",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "warn" },
      trust: missing,
      missingRoles: "wait",
      expected: { action: "ignore", ...blocked, reason: `${reader} does not exist` },
    },
    {
      title: "while it is waited for, the role before stays",
      serviceAccount: wanted,
      live: live({ spec: { roleArn: writer } }),
      recorded: recorded({ spec: { roleArn: writer } }),
      rules: { roleTrustCheck: "warn" },
      trust: missing,
      missingRoles: "wait",
      expected: {
        action: "keep",
        associationId: "a-1",
        ...blocked,
        reason: `${reader} does not exist`,
        declared: { ...asRecorded, spec: { roleArn: writer } },
      },
    },
    {
      title: "a role that exists and lacks trust is not waited for",
      serviceAccount: wanted,
      rules: { roleTrustCheck: "warn" },
      trust: untrusted,
      missingRoles: "wait",
      expected: {
        ...created,
        warns: true,
        reason: `${plain.reason}; warning: ${reader} does not trust EKS Pod Identity: no sts:TagSession`,
      },
    },
    {
      title: "the target role is reached through the first one, and not checked",
      serviceAccount: serviceAccount({
        annotations: { [keys.roleArn]: writer, [keys.targetRoleArn]: reader },
      }),
      rules: { roleTrustCheck: "block" },
      trust: untrusted,
      expected: {
        ...plain,
        roleArn: writer,
        declared: { ...declared, spec: { roleArn: writer, targetRoleArn: reader } },
      },
    },
  ]);
});
