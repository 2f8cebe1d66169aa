import { describe, expect, it } from "vitest";
import { fileConfig } from "./configFixtures.ts";

describe("what the Go controller's parser takes", () => {
  it("drops null items, and entries keep their places", () => {
    const { clusters } = fileConfig(`
clusters:
  -
  - region: us-east-1
    exclude_service_accounts:
      -
      - name: a
    restrict_roles:
      - ~
  - region: us-east-2
`);
    expect(clusters.map(({ index, region }) => ({ index, region }))).toEqual([
      { index: 1, region: "us-east-1" },
      { index: 2, region: "us-east-2" },
    ]);
    expect(clusters[0]?.rules.exclude).toHaveLength(1);
    expect(clusters[0]?.rules.restrict).toEqual([]);
  });

  it("takes null for omitted", () => {
    const nulls = `
clusters:
  - region: us-east-1
    role_arn:
    cluster_name: ~
    self: null
    annotation:
    exclude_service_accounts:
    restrict_roles:
    pod_identity_association_tags:
    max_concurrency:
    purge_external_stale_associations:
    force_iterative_association_discovery:
`;
    // Patterns compare by their source: what they match is a function.
    const comparable = (text: string) => JSON.stringify(fileConfig(text));
    expect(comparable(nulls)).toBe(comparable("clusters: [{region: us-east-1}]"));
  });

  it.each([
    ...["true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", '"yes"'].map((word) => [
      word,
      true,
    ]),
    ...["false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"].map((word) => [
      word,
      false,
    ]),
  ])("reads %s as a boolean", (word, expected) => {
    const { clusters } = fileConfig(
      `clusters: [{region: us-east-1, purge_external_stale_associations: ${word}}]`,
    );
    expect(clusters[0]?.rules.purge).toBe(expected);
  });

  it("keeps the letters of unquoted text", () => {
    const text = `
clusters:
  - region: us-east-1
    cluster_name: 0123
    pod_identity_association_tags: {account: 012345678901, yes: no, hex: 0x1F, day: 2026-01-02, empty: , "null": "null"}
`;
    const entry = fileConfig(text).clusters[0];
    expect(entry?.selection.name).toMatchObject({ source: "0123" });
    expect(entry?.rules.tags).toEqual({
      account: "012345678901",
      yes: "no",
      hex: "0x1F",
      day: "2026-01-02",
      empty: "",
      null: "null",
    });
  });

  it("follows anchors and merge keys", () => {
    const text = `
clusters:
  - &all
    region: us-east-1
    exclude_service_accounts: &system [{namespace: ^kube-}]
  - <<: *all
    region: us-east-2
  - region: us-east-3
    exclude_service_accounts: *system
`;
    const { clusters } = fileConfig(text);
    expect(clusters.map(({ region, rules }) => [region, rules.exclude.length])).toEqual([
      ["us-east-1", 1],
      ["us-east-2", 1],
      ["us-east-3", 1],
    ]);
  });

  it.each([
    [
      "with self",
      "- region: us-east-1\n    cluster_name: my-cluster # exact\n    self: true",
      { self: true, name: "my-cluster" },
    ],
    [
      "with a comment in front",
      "- #role_arn: arn:aws:iam::123456789012:role/a\n    region: us-east-1\n    cluster_name: ^my-",
      { self: false, name: { source: "^my-" } },
    ],
  ])("takes the entries of its README's topologies: %s", (_, entry, selection) => {
    expect(fileConfig(`clusters:\n  ${entry}\n`).clusters).toMatchObject([{ index: 0, selection }]);
  });

  it("reads the first document alone, and JSON", () => {
    expect(fileConfig('{"clusters": [{"region": "us-east-1"}]}').clusters).toHaveLength(1);
    expect(fileConfig("---\nclusters: [{region: us-east-1}]\n---\nclusters: 5\n").clusters).toHaveLength(1);
  });
});
