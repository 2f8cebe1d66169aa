import { describe } from "vitest";
import { live, recorded, restricted } from "./planFixtures.ts";
import {
  addOn,
  addOnOwned,
  asRecorded,
  check,
  foreign,
  foreignRemade,
  reader,
  remade,
  unannotated,
  wanted,
} from "./planRowCases.ts";

describe("unwanted", () => {
  const gone = "the ServiceAccount is gone";
  const bare = "the ServiceAccount does not carry eks.amazonaws.com/role-arn";
  const denied = `restrict_roles[0] (reader) does not allow ${reader}`;
  const restrict = [restricted("reader")];
  const concerned = { associationId: "a-1", roleArn: reader };
  const deleted = { ...concerned, action: "delete" as const, recorded: true };
  const cause = "restricted_role" as const;
  const theirs = "made by somebody else (managed-by=terraform)";
  check([
    { title: "not annotated, nothing there: no row", serviceAccount: unannotated, expected: undefined },
    {
      title: "gone, recorded: delete",
      live: live(),
      recorded: recorded(),
      expected: { ...deleted, reason: gone },
    },
    {
      title: "not annotated, recorded: delete",
      serviceAccount: unannotated,
      live: live(),
      recorded: recorded(),
      expected: { ...deleted, reason: bare },
    },
    {
      title: "gone, recorded, our tags removed outside: delete",
      live: live({ tags: {} }),
      recorded: recorded(),
      expected: { ...deleted, reason: gone },
    },
    {
      title: "gone, recorded, not in AWS: delete from the state",
      recorded: recorded(),
      expected: { ...deleted, reason: `${gone}; a-1 is gone already` },
    },
    {
      title: "gone, ours by its tags: delete, which the state can't",
      live: live(),
      expected: { ...deleted, recorded: false, reason: gone },
    },
    {
      title: "gone, recorded with another id than ours by its tags: that one is deleted",
      live: remade,
      recorded: recorded(),
      expected: { ...deleted, associationId: "a-2", recorded: false, reason: gone },
    },
    {
      title: "gone, somebody else's: ignore",
      live: foreign,
      expected: {
        ...concerned,
        action: "ignore",
        cause: "external",
        reason: `${gone}; a-1 is not ours: ${theirs}`,
      },
    },
    {
      title: "gone, somebody else's, purge on: purge",
      live: foreign,
      rules: { purge: true },
      expected: { ...concerned, action: "purge", reason: `${gone}; purge is on; ${theirs}` },
    },
    {
      title: "not annotated, somebody else's, purge on: purge",
      serviceAccount: unannotated,
      live: foreign,
      rules: { purge: true },
      expected: { ...concerned, action: "purge", reason: `${bare}; purge is on; ${theirs}` },
    },
    {
      title: "gone, ours, purge on: delete",
      live: live(),
      rules: { purge: true },
      expected: { ...deleted, recorded: false, reason: gone },
    },
    {
      title: "gone, an add-on's, purge on: ignore",
      live: addOnOwned,
      rules: { purge: true },
      expected: {
        ...concerned,
        action: "ignore",
        cause: "addon",
        reason: `${gone}; a-1 is not ours: made by the add-on ${addOn}`,
      },
    },
    {
      title: "gone, recorded, but an add-on took it over: keep",
      live: addOnOwned,
      recorded: recorded(),
      rules: { purge: true },
      expected: {
        ...concerned,
        action: "keep",
        cause: "addon",
        reason: `${gone}, but a-1 is not ours: made by the add-on ${addOn}; the state may forget it with \`pulumi state delete\``,
        declared: asRecorded,
      },
    },
    {
      title: "gone, recorded with another id than somebody else's: the record goes",
      live: foreignRemade,
      recorded: recorded(),
      expected: {
        ...deleted,
        reason: `${gone}; a-1 is gone already, and a-2 is not ours: made by somebody else (no tags)`,
      },
    },
    {
      title: "gone, recorded with another id than somebody else's, purge on: purge",
      live: foreignRemade,
      recorded: recorded(),
      rules: { purge: true },
      expected: {
        ...concerned,
        associationId: "a-2",
        action: "purge",
        reason: `${gone}; purge is on; made by somebody else (no tags)`,
      },
    },
    {
      title: "restricted, nothing there: ignore",
      serviceAccount: wanted,
      rules: { restrict },
      expected: { action: "ignore", roleArn: reader, cause, reason: denied },
    },
    {
      title: "restricted, recorded: delete",
      serviceAccount: wanted,
      live: live(),
      recorded: recorded(),
      rules: { restrict },
      expected: { ...deleted, cause, reason: denied },
    },
    {
      title: "restricted, ours by its tags: delete",
      serviceAccount: wanted,
      live: live(),
      rules: { restrict },
      expected: { ...deleted, recorded: false, cause, reason: denied },
    },
    {
      title: "restricted, somebody else's: ignore",
      serviceAccount: wanted,
      live: foreign,
      rules: { restrict },
      expected: { ...concerned, action: "ignore", cause, reason: `${denied}; a-1 is not ours: ${theirs}` },
    },
    {
      title: "restricted, somebody else's, purge on: purge",
      serviceAccount: wanted,
      live: foreign,
      rules: { restrict, purge: true },
      expected: { ...concerned, action: "purge", cause, reason: `${denied}; purge is on; ${theirs}` },
    },
    {
      title: "the role of a recorded association is not taken for that of another",
      live: { namespace: "default", name: "app", id: "a-2", tags: {} },
      recorded: recorded(),
      rules: { purge: true },
      expected: {
        associationId: "a-2",
        action: "purge",
        reason: `${gone}; purge is on; made by somebody else (no tags)`,
      },
    },
    {
      title: "role not known from a list",
      live: { namespace: "default", name: "app", id: "a-1", tags: {} },
      rules: { purge: true },
      expected: {
        associationId: "a-1",
        action: "purge",
        reason: `${gone}; purge is on; made by somebody else (no tags)`,
      },
    },
  ]);
});
