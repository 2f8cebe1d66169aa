import { describe, expect, test } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import { ASSOCIATION_TYPE, readState } from "../../src/program/state.ts";

const stack = "urn:pulumi:dev::eks-pod-identity-sync::";
const account = "111122223333";
const roleArn = `arn:aws:iam::${account}:role/app`;
const providerUrn = `${stack}pulumi:providers:aws::eu-west-1`;
const associationUrn = `${stack}eks-pod-identity-sync:index:Cluster$${ASSOCIATION_TYPE}::${account}/eu-west-1/dev/team/app`;

/** What the CLI exports for an association that `up` made. */
function association(outputs: object = {}, resource: object = {}) {
  const inputs = {
    ...{ clusterName: "dev", namespace: "team", serviceAccount: "app", roleArn, region: "eu-west-1" },
    tags: { "managed-by": "eks-auto-pod-id-assoc" },
  };
  return {
    urn: associationUrn,
    custom: true,
    id: "a-1",
    type: ASSOCIATION_TYPE,
    inputs,
    outputs: {
      ...inputs,
      ...{ id: "a-1", associationId: "a-1", disableSessionTags: false, tagsAll: inputs.tags },
      associationArn: `arn:aws:eks:eu-west-1:${account}:podidentityassociation/dev/a-1`,
      ...outputs,
    },
    parent: `${stack}eks-pod-identity-sync:index:Cluster::${account}/eu-west-1/dev`,
    provider: `${providerUrn}::5b2c7f70-0000-4000-8000-000000000000`,
    created: "2026-11-03T10:20:30Z",
    ...resource,
  };
}

/** The exported aws provider, its inputs as the engine writes them. */
function provider(inputs: object = { region: "eu-west-1", version: "7.48.0" }) {
  const id = "5b2c7f70-0000-4000-8000-000000000000";
  return { urn: providerUrn, custom: true, id, type: "pulumi:providers:aws", inputs, outputs: inputs };
}

function exported(...resources: readonly object[]) {
  const manifest = { time: "2026-11-03T10:20:30Z", magic: "", version: "v3.259.0" };
  return { version: 3, deployment: { manifest, secrets_providers: { type: "passphrase" }, resources } };
}

/** All associations that are read, whatever their cluster. */
function associationsOf(state: unknown) {
  return [...readState(state).values()].flatMap(({ associations }) => associations);
}

function errorOf(state: unknown): string {
  try {
    readState(state);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const message = error instanceof Error ? error.message : "";
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("the state was read");
}

const ref = { name: "dev", region: "eu-west-1", account };
const plain = {
  ...{ cluster: ref, id: "a-1", namespace: "team", name: "app", spec: { roleArn } },
  tags: { "managed-by": "eks-auto-pod-id-assoc" },
  provider: { region: "eu-west-1" },
};

describe("an association is read", () => {
  test("as up made it", () => {
    const state = readState(exported(provider(), association()));
    expect([...state]).toEqual([[`${account}/eu-west-1/dev`, { cluster: ref, associations: [plain] }]]);
  });

  test("as it was imported: its id is the same, whatever was written to import it", () => {
    const imported = association({}, { importID: "dev,a-1", refreshBeforeUpdate: true });
    expect(associationsOf(exported(provider(), imported))).toEqual([plain]);
  });

  test("with all that a ServiceAccount can ask for", () => {
    const session = {
      ...{ targetRoleArn: `arn:aws:iam::444455556666:role/data`, disableSessionTags: true },
      policy: '{"Statement":[],"Version":"2012-10-17"}',
    };
    const [read] = associationsOf(exported(provider(), association(session)));
    expect(read?.spec).toEqual({ roleArn, ...session });
  });

  test.each([
    ["empty", { targetRoleArn: "", policy: "", externalId: "" }],
    ["null", { targetRoleArn: null, policy: null, disableSessionTags: null }],
  ])("where what it does not have is %s", (_what, outputs) => {
    expect(associationsOf(exported(provider(), association(outputs)))).toEqual([plain]);
  });

  test.each([["null"], ["missing"]])("where its tags are %s", (what) => {
    const tags = what === "null" ? null : undefined;
    expect(associationsOf(exported(provider(), association({ tags })))[0]?.tags).toEqual({});
  });

  test("of each cluster, told apart by account, region and name", () => {
    const arn = (place: string) => `arn:aws:eks:${place}:podidentityassociation/dev/a-1`;
    const places = ["eu-west-1:111122223333", "us-east-1:111122223333", "eu-west-1:444455556666"];
    const state = readState(
      exported(
        provider(),
        ...places.map((place) => association({ associationArn: arn(place) })),
        association({ serviceAccount: "other", associationId: "a-2" }),
      ),
    );
    expect(
      [...state].map(([key, { associations }]): unknown => [key, associations.map(({ name }) => name)]),
    ).toEqual([
      ["111122223333/eu-west-1/dev", ["app", "other"]],
      ["111122223333/us-east-1/dev", ["app"]],
      ["444455556666/eu-west-1/dev", ["app"]],
    ]);
  });
});

describe("the provider is read", () => {
  const role = `arn:aws:iam::444455556666:role/sync`;
  const assumeRoles = [{ roleArn: role, sessionName: "eks-pod-identity-sync" }];
  test.each([
    [
      "as the engine keeps nested values: JSON text",
      { region: "us-east-1", assumeRoles: JSON.stringify(assumeRoles) },
    ],
    ["as values", { region: "us-east-1", assumeRoles }],
  ])("%s", (_what, inputs) => {
    const [read] = associationsOf(exported(provider(inputs), association()));
    expect(read?.provider).toEqual({ region: "us-east-1", roleArn: role });
  });

  test("as the association's region where it has none of its own, or is not there", () => {
    const own = association({}, { provider: undefined });
    for (const resources of [[provider({}), association()], [association()], [own]]) {
      expect(associationsOf(exported(...resources))[0]?.provider).toEqual({ region: "eu-west-1" });
    }
  });
});

describe("left out", () => {
  test.each([
    ["what waits for its deletion after it was replaced", association({}, { delete: true })],
    ["what is only read, not managed", association({}, { external: true })],
    ["what is of another type", association({}, { type: "aws:eks/addon:Addon" })],
  ])("%s", (_what, resource) => {
    expect(readState(exported(provider(), resource))).toEqual(new Map());
  });

  test.each([
    ["without resources", { version: 3, deployment: { manifest: {} } }],
    ["without a deployment", { version: 3, deployment: null }],
    ["that was never updated", { version: 3 }],
  ])("a stack %s holds nothing", (_what, state) => {
    expect(readState(state)).toEqual(new Map());
  });
});

describe("a state that is not as expected is an error that names the resource and the field", () => {
  // What the engine writes for a secret; nothing in an association or provider is one.
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "v1:x",
  };
  test.each([
    ["no outputs", association({}, { outputs: undefined }), ""],
    ["no id", association({ associationId: "" }), "associationId"],
    ["no ARN", association({ associationArn: undefined }), "associationArn"],
    ["a role of another type", association({ roleArn: 7 }), "roleArn"],
    ["a secret role", association({ roleArn: secret }), "roleArn"],
    ["secret tags", association({ tags: secret, disableSessionTags: 1 }), "disableSessionTags"],
    ["tags of another type", association({ tags: { stage: 1 } }), "tags.stage"],
  ])("%s", (_what, broken, field) => {
    expect(errorOf(exported(provider(), broken))).toContain(
      `the stack's state can't be read: ${associationUrn} (${field}: `,
    );
  });

  test.each([
    ["a secret role", { assumeRoles: secret }, "assumeRoles"],
    ["a role without ARN", { assumeRoles: '[{"sessionName": "x"}]' }, "assumeRoles.0.roleArn"],
    ["text that is no JSON", { assumeRoles: "[{" }, "assumeRoles"],
  ])("a provider with %s", (_what, inputs, field) => {
    expect(errorOf(exported(provider(inputs), association()))).toContain(
      `the stack's state can't be read: ${providerUrn} (${field}: `,
    );
  });

  test.each([["text"], [[]], [null], [{ deployment: { resources: [{ urn: 1 }] } }]])(
    "an export like %j",
    (state) => {
      expect(errorOf(state)).toMatch(/^the stack's state can't be read: the export .*"pulumi stack export"$/);
    },
  );
});
