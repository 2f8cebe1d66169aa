import { describe, expect, test } from "vitest";
import type {
  AssociationApi,
  EksAssociation,
} from "../../aws-plugin/podIdentityAssociation/associationApi.ts";
import {
  create,
  parseImportId,
  previewOutputs,
  read,
  remove,
  update,
} from "../../aws-plugin/podIdentityAssociation/resource.ts";
import { roleRetry } from "../../aws-plugin/podIdentityAssociation/roleRetry.ts";
import { UNKNOWN } from "../../aws-plugin/propertyValue.ts";

const noTags = { defaults: {}, ignoredKeys: [], ignoredPrefixes: [] };
const role = "arn:aws:iam::111122223333:role/app";
const target = "arn:aws:iam::444455556666:role/data";
const live: EksAssociation = {
  associationArn: "arn:aws:eks:eu-west-1:111122223333:podidentityassociation/prod/a-1",
  associationId: "a-1",
  clusterName: "prod",
  namespace: "shop",
  serviceAccount: "cart",
  roleArn: role,
  disableSessionTags: false,
  externalId: undefined,
  tags: { team: "core" },
};
const names = { clusterName: "prod", namespace: "shop", serviceAccount: "cart" };
const inputs = { ...names, roleArn: role, tagsAll: { team: "core" }, tags: { team: "core" } };
const outputs = {
  ...inputs,
  ...{
    associationArn: live.associationArn,
    associationId: "a-1",
    disableSessionTags: false,
    region: "eu-west-1",
  },
};
const created = { ...outputs, id: "a-1" };
const ref = {
  clusterName: "prod",
  associationId: "a-1",
  serviceAccount: { namespace: "shop", name: "cart" },
};

/** An API with one association, which writes down the calls that change something. */
function fakeApi(association: EksAssociation | undefined = live) {
  const calls: unknown[][] = [];
  const regions: (string | undefined)[] = [];
  const api: AssociationApi = {
    region: "eu-west-1",
    create: async (...args) => {
      calls.push(["create", ...args]);
      return live;
    },
    describe: async () => association,
    update: async (...args) => {
      calls.push(["update", ...args]);
      return { ...live, ...args[1] };
    },
    delete: async (...args) => void calls.push(["delete", ...args]),
    retag: async (_ref, arn, set, removed) => void calls.push(["retag", arn, set, removed]),
  };
  const open = async (region: string | undefined) => {
    regions.push(region);
    return api;
  };
  return { open, api, calls, regions };
}

describe("create", () => {
  test("sends the spec with all tags; the id is the association's", async () => {
    const { open, calls } = fakeApi();
    const made = await create(open, inputs);
    expect(calls).toEqual([["create", "prod", ref.serviceAccount, { roleArn: role }, { team: "core" }]]);
    expect(made).toEqual({ id: "a-1", inputs, outputs: created });
  });

  test("opens the resource's own region", async () => {
    const { open, regions } = fakeApi();
    await create(open, { ...inputs, region: "us-east-1" });
    expect(regions).toEqual(["us-east-1"]);
  });
});

describe("update", () => {
  test("a new role is one update, no tags are touched", async () => {
    const { open, calls } = fakeApi();
    const { outputs: now } = await update(open, "a-1", outputs, { ...inputs, roleArn: `${role}2` });
    expect(calls).toEqual([
      ["update", ref, { roleArn: `${role}2` }, []],
      ["retag", live.associationArn, {}, []],
    ]);
    expect(now).toEqual({ ...created, roleArn: `${role}2` });
  });

  test("new tags do not update the association", async () => {
    const { open, calls } = fakeApi();
    const { outputs: now } = await update(open, "a-1", outputs, {
      ...inputs,
      tags: {},
      tagsAll: { env: "x" },
    });
    expect(calls).toEqual([["retag", live.associationArn, { env: "x" }, ["team"]]]);
    expect(now).toEqual({ ...created, tags: {}, tagsAll: { env: "x" } });
  });

  test("a target role that goes is cleared", async () => {
    const { open, calls } = fakeApi();
    const before = { ...outputs, targetRoleArn: target, externalId: "e" };
    const { outputs: now } = await update(open, "a-1", before, inputs);
    expect(calls[0]).toEqual(["update", ref, { roleArn: role }, ["targetRoleArn"]]);
    expect(now).toEqual(created);
  });

  test("what AWS did not take is an error, not a recorded success", async () => {
    const { open, api } = fakeApi();
    api.update = async () => ({ ...live, targetRoleArn: target });
    const before = { ...outputs, targetRoleArn: target };
    const message = `association a-1 of cluster prod still has targetRoleArn ${target}`;
    await expect(update(open, "a-1", before, inputs)).rejects.toThrow(message);
  });
});

describe("read", () => {
  test("an import leaves the bare id, all inputs and the region", async () => {
    const { open } = fakeApi();
    const found = await read(open, "prod,a-1", {}, {}, noTags);
    expect(found).toEqual({ id: "a-1", outputs: created, inputs: { ...inputs, region: "eu-west-1" } });
  });

  test("a refresh takes the role that AWS has", async () => {
    const { open } = fakeApi({ ...live, roleArn: `${role}2` });
    const found = await read(open, "a-1", outputs, inputs, noTags);
    expect(found?.outputs).toEqual({ ...created, roleArn: `${role}2` });
  });

  test("one that does not exist", async () => {
    const { open, api } = fakeApi();
    api.describe = async () => undefined;
    expect(await read(open, "a-1", outputs, inputs, noTags)).toBeUndefined();
  });

  const ids: [string, object][] = [
    ["prod,a-1", { clusterName: "prod", associationId: "a-1", region: undefined }],
    ["prod,a-1@us-east-1", { clusterName: "prod", associationId: "a-1", region: "us-east-1" }],
  ];
  test.each(ids)("import id %s", (id, expected) => {
    expect(parseImportId(id)).toEqual(expected);
  });

  test.each(["a-1", "prod,", ",a-1", "a,b,c"])("import id %s is refused", (id) => {
    expect(() => parseImportId(id)).toThrow(`import id "${id}": expected CLUSTER,ASSOCIATION_ID`);
  });
});

test("delete goes to the region of the state", async () => {
  const { open, calls, regions } = fakeApi();
  await remove(open, "a-1", { ...outputs, region: "us-east-1" });
  expect([calls, regions]).toEqual([[["delete", ref]], ["us-east-1"]]);
});

describe("preview", () => {
  test("of a create: what AWS will choose is unknown", () => {
    expect(previewOutputs({ ...inputs, region: "eu-west-1" }, undefined)).toEqual({
      ...outputs,
      ...{ associationArn: UNKNOWN, associationId: UNKNOWN, externalId: UNKNOWN },
    });
  });

  test("of an update: what stays is known", () => {
    const roleArn = `${role}2`;
    expect(previewOutputs({ ...inputs, roleArn }, outputs)).toEqual({ ...outputs, roleArn });
  });
});

describe("a role that EKS does not see yet", () => {
  const unseen = Object.assign(new Error("Role provided in the request does not exist."), {
    name: "InvalidParameterException",
  });

  /** A clock that only sleeping moves, and a call that fails so many times. */
  function scene(failures: number, error: Error = unseen) {
    const stop = new AbortController();
    let [now, calls] = [0, 0];
    const sleep = async (milliseconds: number) => {
      now += milliseconds;
    };
    const call = async () => {
      calls += 1;
      if (calls <= failures) throw error;
      return calls;
    };
    return {
      run: () => roleRetry(stop.signal, () => now, sleep)(call),
      stop,
      made: () => calls,
      now: () => now,
    };
  }

  test("is waited for", async () => {
    expect(await scene(4).run()).toBe(5);
  });

  test("but not longer than two minutes", async () => {
    const { run, now } = scene(Number.POSITIVE_INFINITY);
    await expect(run()).rejects.toThrow(unseen.message);
    expect(now()).toBeGreaterThan(100_000);
    expect(now()).toBeLessThanOrEqual(120_000);
  });

  test("and not after a cancel, nor for another error", async () => {
    const cancelled = scene(9);
    cancelled.stop.abort();
    await expect(cancelled.run()).rejects.toThrow();
    const other = scene(9, new Error("Trust policy of the role provided is invalid"));
    await expect(other.run()).rejects.toThrow();
    expect([cancelled.made(), other.made()]).toEqual([1, 1]);
  });
});
