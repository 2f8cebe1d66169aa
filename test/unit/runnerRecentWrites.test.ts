import { expect, test } from "vitest";
import type { LiveAssociation } from "../../src/model/association.ts";
import {
  doubtfulWrites,
  type RecentWrite,
  VISIBLE_AFTER_MS,
  withRecentWrites,
} from "../../src/runner/loop/recentWrites.ts";
import { live, ownTags, roleArn } from "./planFixtures.ts";

const KEY = "default/app";
/** As lists show it: no role. */
const { spec: _, ...bare } = live();
const listed: LiveAssociation = bare;
const other = live({ name: "other", id: "a-9" });
const made: RecentWrite = { at: 1_000, id: "a-1", association: live() };
const gone: RecentWrite = { at: 1_000, id: "a-1" };

test.each<[string, readonly LiveAssociation[], RecentWrite | undefined, readonly LiveAssociation[]]>([
  ["without a write, the list", [listed, other], undefined, [listed, other]],
  ["what was made and is not listed yet, is there", [other], made, [other, live()]],
  ["what was made and is listed, with the role that was written", [listed, other], made, [live(), other]],
  ["what was deleted and is listed still, is gone", [listed, other], gone, [other]],
  ["what was deleted and is not listed, is gone", [other], gone, [other]],
  ["the list shows what was replaced", [live({ id: "a-0" })], made, [live()]],
])("what AWS holds: %s", (_name, list, write, expected) => {
  const writes = new Map(write === undefined ? [] : [[KEY, write]]);
  expect(withRecentWrites(list, writes)).toEqual(expected);
});

const soon = 2_000;
const late = 1_000 + VISIBLE_AFTER_MS;
test.each<[string, RecentWrite, readonly LiveAssociation[], number, boolean]>([
  ["a create that the list shows", made, [listed], soon, false],
  ["a create that the list does not show", made, [other], soon, true],
  ["a create that a late list does not show", made, [other], late, false],
  ["a create that the list shows with older tags", made, [{ ...listed, tags: {} }], soon, true],
  ["somebody's tags beside ours", made, [{ ...listed, tags: { ...ownTags, a: "b" } }], soon, false],
  ["another role than was written", made, [live({ spec: { roleArn: roleArn("old") } })], soon, true],
  ["another association for the ServiceAccount", made, [live({ id: "a-0" })], soon, true],
  ["a delete that the list shows", gone, [other], soon, false],
  ["a delete that the list does not show", gone, [listed], soon, true],
  ["a delete, and somebody's new association", gone, [live({ id: "a-2" })], soon, false],
  ["a list that began before the create, and shows it", made, [listed], 1_000, true],
  ["a list that began before the delete", gone, [], 500, true],
])("in doubt after a list: %s", (_name, write, list, listedFrom, expected) => {
  const left = doubtfulWrites(new Map([[KEY, write]]), list, listedFrom);
  expect([...left.keys()]).toEqual(expected ? [KEY] : []);
});
