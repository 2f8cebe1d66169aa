import { describe, expect, test } from "vitest";
import { check } from "../../aws-plugin/podIdentityAssociation/check.ts";
import { diff } from "../../aws-plugin/podIdentityAssociation/diff.ts";
import { allTags, readTags, tagChanges } from "../../aws-plugin/podIdentityAssociation/tags.ts";
import { type Properties, UNKNOWN } from "../../aws-plugin/propertyValue.ts";

const noTags = { defaults: {}, ignoredKeys: [], ignoredPrefixes: [] };
const role = "arn:aws:iam::111122223333:role/app";
const inputs = { clusterName: "prod", namespace: "shop", serviceAccount: "cart", roleArn: role };
const state: Properties = {
  ...inputs,
  associationArn: "arn:aws:eks:eu-west-1:111122223333:podidentityassociation/prod/a-1",
  associationId: "a-1",
  disableSessionTags: false,
  region: "eu-west-1",
  tagsAll: {},
};

describe("check", () => {
  const defaults = { region: "eu-west-1", tags: { ...noTags, defaults: { team: "core", env: "dev" } } };
  const both = { team: "core", env: "dev" };

  const accepted: [string, Properties, Properties][] = [
    ["region and default tags are filled in", inputs, { ...inputs, region: "eu-west-1", tagsAll: both }],
    [
      "the resource's own values win",
      { ...inputs, region: "us-east-1", tags: { env: "prod" } },
      { ...inputs, region: "us-east-1", tags: { env: "prod" }, tagsAll: { team: "core", env: "prod" } },
    ],
    [
      "null is as good as absent, bookkeeping of the real plugin is dropped",
      { ...inputs, policy: null, __defaults: [] },
      { ...inputs, region: "eu-west-1", tagsAll: both },
    ],
    [
      "unknown tags make tagsAll unknown; an unknown role is accepted",
      { ...inputs, roleArn: UNKNOWN, tags: { env: UNKNOWN } },
      { ...inputs, roleArn: UNKNOWN, tags: { env: UNKNOWN }, region: "eu-west-1", tagsAll: UNKNOWN },
    ],
  ];
  test.each(accepted)("%s", (_title, news, expected) => {
    expect(check(news, defaults)).toEqual({ inputs: expected, failures: [] });
  });

  const refused: [string, Properties, string, RegExp][] = [
    ["a missing property", { ...inputs, namespace: null }, "namespace", /must be set/],
    [
      "a property of another type",
      { ...inputs, disableSessionTags: "yes" },
      "disableSessionTags",
      /a boolean/,
    ],
    ["tags that are not strings", { ...inputs, tags: { a: 1 } }, "tags", /a map of strings/],
    ["a role that is not an ARN", { ...inputs, roleArn: "app" }, "roleArn", /must be the ARN .* not "app"/],
    [
      "a property that does not exist",
      { ...inputs, rolArn: role },
      "rolArn",
      /no such property; known are .*roleArn/,
    ],
  ];
  test.each(refused)("refuses %s", (_title, news, property, reason) => {
    const { failures } = check(news, defaults);
    expect(failures).toEqual([{ property, reason: expect.stringMatching(reason) }]);
  });
});

describe("diff", () => {
  const update = (path: string, replaces = false) => ({ path, kind: "update", replaces });
  const rows: [string, Properties, Properties, object[]][] = [
    ["nothing", {}, {}, []],
    ["another role: in place", {}, { roleArn: `${role}2` }, [update("roleArn")]],
    ["session tags off: in place", {}, { disableSessionTags: true }, [update("disableSessionTags")]],
    ["false is the default of disableSessionTags", {}, { disableSessionTags: false }, []],
    ["a target role added", {}, { targetRoleArn: role }, [{ ...update("targetRoleArn"), kind: "add" }]],
    ["a target role removed", { targetRoleArn: role }, {}, [{ ...update("targetRoleArn"), kind: "delete" }]],
    ["an empty target role is none", {}, { targetRoleArn: "" }, []],
    ["another policy", { policy: '{"a":1}' }, { policy: '{"a":2}' }, [update("policy")]],
    ["the same policy in other words", { policy: '{"a":1,"b":2}' }, { policy: '{ "b": 2, "a": 1 }' }, []],
    ["another cluster: anew", {}, { clusterName: "test" }, [update("clusterName", true)]],
    ["another namespace: anew", {}, { namespace: "test" }, [update("namespace", true)]],
    ["another ServiceAccount: anew", {}, { serviceAccount: "pay" }, [update("serviceAccount", true)]],
    ["another region: anew", {}, { region: "us-east-1" }, [update("region", true)]],
    ["a region that is left to the provider", {}, { region: null }, []],
    ["an unknown role", {}, { roleArn: UNKNOWN }, [update("roleArn")]],
    ["unknown tags", {}, { tagsAll: UNKNOWN }, [update("tagsAll")]],
    [
      "tags key by key",
      { tags: { a: "1", b: "1" }, tagsAll: { a: "1", b: "1" } },
      { tags: { b: "2", "c/d": "1" }, tagsAll: { b: "2", "c/d": "1" } },
      ["tags", "tagsAll"].flatMap((name) => [
        { ...update(`${name}["a"]`), kind: "delete" },
        update(`${name}["b"]`),
        { ...update(`${name}["c/d"]`), kind: "add" },
      ]),
    ],
    ["no tags is the same as empty tags", { tags: {} }, {}, []],
  ];
  test.each(rows)("%s", (_title, recorded, declared, expected) => {
    const { associationArn: _arn, associationId: _id, ...rest } = state;
    expect(diff({ ...state, ...recorded }, { ...rest, ...declared })).toEqual(expected);
  });
});

describe("tags", () => {
  const settings = {
    defaults: { team: "core", env: "dev" },
    ignoredKeys: ["cost"],
    ignoredPrefixes: ["audit/"],
  };

  test("the resource's own over the provider's defaults, without the ignored ones", () => {
    const own = { env: "prod", cost: "1", "audit/by": "x" };
    expect(allTags(own, settings)).toEqual({ team: "core", env: "prod" });
  });

  const live = { team: "core", env: "prod", "aws:created": "x", "audit/by": "x" };
  const rows: [string, Record<string, string>, Record<string, string>][] = [
    ["a default tag is not the resource's own", {}, { env: "prod" }],
    ["unless the resource sets it too", { team: "core" }, { team: "core", env: "prod" }],
  ];
  test.each(rows)("what was read: %s", (_title, own, tags) => {
    expect(readTags(live, own, settings)).toEqual({ tagsAll: { team: "core", env: "prod" }, tags });
  });

  test("only what differs is set, and what is gone is removed", () => {
    const changes = tagChanges({ a: "1", b: "1", c: "1" }, { a: "1", b: "2", d: "1" });
    expect(changes).toEqual({ set: { b: "2", d: "1" }, removed: ["c"] });
  });
});
