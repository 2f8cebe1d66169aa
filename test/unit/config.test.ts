import { describe, expect, it } from "vitest";
import type { ClusterEntry } from "../../src/config/config.ts";
import type { Pattern } from "../../src/config/pattern.ts";
import { fileConfig, goControllerExample, stackConfig } from "./configFixtures.ts";

function isPattern(value: unknown): value is Pattern {
  return typeof value === "object" && value !== null && "source" in value && "matches" in value;
}

expect.addSnapshotSerializer({
  test: isPattern,
  serialize: (value: Pattern) => `/${value.source}/`,
});

function onlyEntry(fields: Record<string, unknown>): ClusterEntry | undefined {
  return stackConfig([{ region: "us-east-1", ...fields }]).clusters[0];
}

describe("the whole configuration", () => {
  it("of the Go controller's example", () => {
    expect(fileConfig(goControllerExample)).toMatchInlineSnapshot(`
      {
        "clusters": [
          {
            "forceIterative": false,
            "index": 0,
            "maxConcurrency": 5,
            "region": "us-east-1",
            "roleArn": "arn:aws:iam::123456789012:role/AnotherRole",
            "rules": {
              "annotations": {
                "disableSessionTags": "eks-pod-identity-sync/disable-session-tags",
                "policy": "eks-pod-identity-sync/policy",
                "roleArn": "eks.amazonaws.com/role-arn",
                "targetRoleArn": "eks-pod-identity-sync/target-role-arn",
              },
              "deletionLimit": {
                "count": 20,
                "share": 0.1,
              },
              "exclude": [
                {
                  "name": /^sa1$/,
                  "namespace": /^default$/,
                },
                {
                  "name": //,
                  "namespace": /^kube-system$/,
                },
              ],
              "purge": false,
              "restrict": [
                {
                  "allow": [
                    {
                      "name": /^sa3$/,
                      "namespace": /^default$/,
                    },
                    {
                      "name": /^sa4$/,
                      "namespace": /^kube-system$/,
                    },
                  ],
                  "roleArn": /^arn:aws:iam::123456789012:role/role1$/,
                },
                {
                  "allow": [
                    {
                      "name": /^sa5$/,
                      "namespace": //,
                    },
                  ],
                  "roleArn": /^arn:aws:iam::123456789012:role/role2$/,
                },
              ],
              "roleTrustCheck": "warn",
              "tags": {
                "managed-by": "eks-auto-pod-id-assoc",
              },
            },
            "selection": {
              "name": /^example-cluster-2$/,
              "self": false,
            },
            "serviceAccountReads": "provider",
          },
        ],
      }
    `);
  });

  it("of an entry that gives the region alone", () => {
    expect(fileConfig("clusters: [{region: eu-west-1}]")).toMatchInlineSnapshot(`
      {
        "clusters": [
          {
            "forceIterative": false,
            "index": 0,
            "maxConcurrency": 5,
            "region": "eu-west-1",
            "rules": {
              "annotations": {
                "disableSessionTags": "eks-pod-identity-sync/disable-session-tags",
                "policy": "eks-pod-identity-sync/policy",
                "roleArn": "eks.amazonaws.com/role-arn",
                "targetRoleArn": "eks-pod-identity-sync/target-role-arn",
              },
              "deletionLimit": {
                "count": 20,
                "share": 0.1,
              },
              "exclude": [],
              "purge": false,
              "restrict": [],
              "roleTrustCheck": "warn",
              "tags": {
                "managed-by": "eks-auto-pod-id-assoc",
              },
            },
            "selection": {
              "name": //,
              "self": false,
            },
            "serviceAccountReads": "provider",
          },
        ],
      }
    `);
  });

  it("is the same from a file and from a stack", () => {
    const clusters = [{ region: "eu-west-1", self: true, cluster_name: "a", max_concurrency: 7 }];
    const text = "clusters: [{region: eu-west-1, self: true, cluster_name: a, max_concurrency: 7}]";
    expect(stackConfig(clusters)).toEqual(fileConfig(text));
  });
});

describe("each field", () => {
  it.each<{ fields: Record<string, unknown>; expected: object }>([
    {
      fields: { role_arn: "arn:aws:iam::123456789012:role/a" },
      expected: { roleArn: "arn:aws:iam::123456789012:role/a" },
    },
    { fields: { region: "us-gov-west-1" }, expected: { region: "us-gov-west-1" } },
    {
      fields: { cluster_name: "_^test" },
      expected: { selection: { self: false, name: { source: "_^test" } } },
    },
    { fields: { self: true, cluster_name: "prod" }, expected: { selection: { self: true, name: "prod" } } },
    {
      fields: { self: true, cluster_name: "prod", kubeconfig: "/k", context: "c" },
      expected: { selection: { self: true, name: "prod", kubeconfig: "/k", context: "c" } },
    },
    { fields: { annotation: "a.io/r" }, expected: { rules: { annotations: { roleArn: "a.io/r" } } } },
    {
      fields: { annotation: "" },
      expected: { rules: { annotations: { roleArn: "eks.amazonaws.com/role-arn" } } },
    },
    { fields: { target_role_annotation: "t" }, expected: { rules: { annotations: { targetRoleArn: "t" } } } },
    {
      fields: { disable_session_tags_annotation: "d" },
      expected: { rules: { annotations: { disableSessionTags: "d" } } },
    },
    { fields: { policy_annotation: "p" }, expected: { rules: { annotations: { policy: "p" } } } },
    {
      fields: { exclude_service_accounts: [{ name: "a" }, { namespace: "b" }, {}] },
      expected: {
        rules: {
          exclude: [
            { name: { source: "a" }, namespace: { source: "" } },
            { name: { source: "" }, namespace: { source: "b" } },
            { name: { source: "" }, namespace: { source: "" } },
          ],
        },
      },
    },
    {
      fields: { restrict_roles: [{ role_arn: "r" }, { allow: [{ name: "a" }] }] },
      expected: {
        rules: {
          restrict: [
            { roleArn: { source: "r" }, allow: [] },
            { roleArn: { source: "" }, allow: [{ name: { source: "a" }, namespace: { source: "" } }] },
          ],
        },
      },
    },
    { fields: { pod_identity_association_tags: { a: "b" } }, expected: { rules: { tags: { a: "b" } } } },
    {
      fields: { pod_identity_association_tags: {} },
      expected: { rules: { tags: { "managed-by": "eks-auto-pod-id-assoc" } } },
    },
    { fields: { max_concurrency: 1 }, expected: { maxConcurrency: 1 } },
    { fields: { max_concurrency: 0 }, expected: { maxConcurrency: 5 } },
    { fields: { max_concurrency: -3 }, expected: { maxConcurrency: 5 } },
    { fields: { purge_external_stale_associations: true }, expected: { rules: { purge: true } } },
    { fields: { force_iterative_association_discovery: true }, expected: { forceIterative: true } },
    { fields: { role_trust_check: "block" }, expected: { rules: { roleTrustCheck: "block" } } },
    {
      fields: { deletion_limit: { count: 0 } },
      expected: { rules: { deletionLimit: { count: 0, share: 0.1 } } },
    },
    {
      fields: { deletion_limit: { share: 0.5 } },
      expected: { rules: { deletionLimit: { count: 20, share: 0.5 } } },
    },
    { fields: { deletion_limit: { share: "25%" } }, expected: { rules: { deletionLimit: { share: 0.25 } } } },
    { fields: { deletion_limit: { share: "1" } }, expected: { rules: { deletionLimit: { share: 1 } } } },
    { fields: { service_account_reads: "list" }, expected: { serviceAccountReads: "list" } },
  ])("$fields", ({ fields, expected }) => {
    expect(onlyEntry(fields)).toMatchObject(expected);
  });

  it("of the patterns is compiled", () => {
    const entry = onlyEntry({ exclude_service_accounts: [{ namespace: "_^kube-" }] });
    expect(entry?.rules.exclude[0]?.namespace.matches("kube-system")).toBe(false);
    expect(entry?.rules.exclude[0]?.namespace.matches("default")).toBe(true);
  });
});
