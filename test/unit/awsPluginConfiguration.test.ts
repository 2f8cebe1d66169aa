import { describe, expect, test } from "vitest";
import { assumeRoleParams } from "../../aws-plugin/awsClients.ts";
import { readConfiguration, tagSettings } from "../../aws-plugin/configuration.ts";
import { type Properties, UNKNOWN } from "../../aws-plugin/propertyValue.ts";

describe("provider configuration", () => {
  const role = { roleArn: "arn:aws:iam::111122223333:role/ops" };
  const accepted: [string, Properties, object][] = [
    ["plain text", { region: "eu-west-1", profile: "ops" }, { region: "eu-west-1", profile: "ops" }],
    ["nested values as JSON text", { assumeRoles: JSON.stringify([role]) }, { assumeRoles: [role] }],
    ["nested values as they are", { assumeRoles: [role] }, { assumeRoles: [role] }],
    [
      "numbers and booleans as text",
      { maxRetries: "3", useFipsEndpoint: "true" },
      { maxRetries: 3, useFipsEndpoint: true },
    ],
    [
      "endpoints",
      { endpoints: '[{"eks":"http://127.0.0.1:1"}]' },
      { endpoints: [{ eks: "http://127.0.0.1:1" }] },
    ],
    ["keys without effect here", { skipCredentialsValidation: "true", s3UsePathStyle: "true" }, {}],
    ["the engine's own keys", { version: "7.48.0", pluginDownloadURL: "x" }, {}],
    ["nothing that is not known yet", { region: UNKNOWN, assumeRoles: [{ roleArn: UNKNOWN }] }, {}],
    ["empty and null are unset", { region: "", profile: null }, {}],
  ];
  test.each(accepted)("%s", (_title, given, configuration) => {
    expect(readConfiguration(given)).toEqual({ configuration, failures: [] });
  });

  const refused: [string, Properties, string, RegExp][] = [
    ["a key that the real plugin does not have", { regoin: "x" }, "regoin", /no such key/],
    [
      "a key that would change who calls",
      { assumeRoleWithWebIdentity: "{}" },
      "assumeRoleWithWebIdentity",
      /AWS_ROLE_ARN/,
    ],
    ["a key that would change the way", { httpProxy: "http://p" }, "httpProxy", /HTTP_PROXY/],
    ["a value of another form", { retryMode: "never" }, "retryMode", /retryMode: /],
    [
      "a nested value of another form",
      { assumeRoles: '[{"roleArn":1}]' },
      "assumeRoles",
      /assumeRoles\.0\.roleArn: /,
    ],
  ];
  test.each(refused)("refuses %s", (_title, given, property, reason) => {
    expect(readConfiguration(given).failures).toEqual([{ property, reason: expect.stringMatching(reason) }]);
  });

  test("tags", () => {
    const { configuration } = readConfiguration({
      defaultTags: '{"tags":{"team":"core"}}',
      ignoreTags: '{"keyPrefixes":["audit/"]}',
    });
    const expected = { defaults: { team: "core" }, ignoredKeys: [], ignoredPrefixes: ["audit/"] };
    expect(tagSettings(configuration)).toEqual(expected);
  });
});

describe("assumed roles", () => {
  const roleArn = "arn:aws:iam::111122223333:role/ops";

  test("all that sts:AssumeRole takes", () => {
    const role = { roleArn, sessionName: "s", externalId: "e", duration: "1h30m", tags: { team: "core" } };
    expect(assumeRoleParams({ ...role, policyArns: ["p"], transitiveTagKeys: ["team"] })).toEqual({
      RoleArn: roleArn,
      RoleSessionName: "s",
      ExternalId: "e",
      DurationSeconds: 5400,
      PolicyArns: [{ arn: "p" }],
      Tags: [{ Key: "team", Value: "core" }],
      TransitiveTagKeys: ["team"],
    });
  });

  test("the session has a name", () => {
    expect(assumeRoleParams({ roleArn })).toEqual({
      RoleArn: roleArn,
      RoleSessionName: "pulumi-resource-aws",
    });
  });

  test.each(["1d", "fast"])("duration %s is refused", (duration) => {
    expect(() => assumeRoleParams({ roleArn, duration })).toThrow(`duration ${duration}: expected`);
  });

  test("an entry without a role is refused", () => {
    expect(() => assumeRoleParams({})).toThrow("an entry has no roleArn");
  });
});
