import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LiveAssociation } from "../../src/model/association.ts";
import { type ClusterRef, clusterKey } from "../../src/model/cluster.ts";
import type { Listing } from "../../src/model/listing.ts";
import type { ServiceAccount, ServiceAccountRef } from "../../src/model/serviceAccount.ts";
import { captured } from "../../src/snapshot/capture.ts";
import type { ClusterSnapshot } from "../../src/snapshot/snapshot.ts";
import { snapshotText } from "../../src/snapshot/write.ts";
import { keys, live, roleArn, serviceAccount } from "./planFixtures.ts";
import { clusterSnapshot, entries, snapshotOf } from "./snapshotFixtures.ts";

test("writes YAML that people can edit, sorted", () => {
  const blue = clusterSnapshot(
    {},
    [
      serviceAccount({ namespace: "shop", annotations: {} }),
      serviceAccount({ annotations: { b: "true", a: "" } }),
    ],
    [live({ id: "a-2", namespace: "shop" }), live({ ownerArn: "arn:x", tags: { b: "2", a: "1" } })],
  );
  const azure: ClusterSnapshot = {
    ...clusterSnapshot({ name: "azure" }),
    associations: { state: "failed", reason: "HTTP 403" },
  };
  expect(snapshotText([blue, azure], "yaml")).toBe(`clusters:
  - name: azure
    region: eu-west-1
    account: "111122223333"
    serviceAccounts: []
    associations:
      failed: HTTP 403
  - name: blue
    region: eu-west-1
    account: "111122223333"
    serviceAccounts:
      - namespace: default
        name: app
        annotations:
          a: ""
          b: "true"
      - namespace: shop
        name: app
        annotations: {}
    associations:
      - id: a-1
        namespace: default
        serviceAccount: app
        roleArn: ${roleArn("reader")}
        tags:
          a: "1"
          b: "2"
        ownerArn: arn:x
      - id: a-2
        namespace: shop
        serviceAccount: app
        roleArn: ${roleArn("reader")}
        tags:
          managed-by: eks-auto-pod-id-assoc
`);
});

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
const names = { namespace: label, name: label };
const digits = fc.stringMatching(/^\d{12}$/);
// Lone surrogates can't be written to a file; no text from Kubernetes or AWS holds one.
const text = fc.string({ unit: "grapheme" });
// What keys of annotations and tags are made of; zod leaves __proto__ out of a record.
const key = fc.stringMatching(/^[A-Za-z0-9_.:/=+@-]{1,20}$/).filter((some) => some !== "__proto__");
const textByKey = fc.dictionary(key, text, { noNullPrototype: true });

const anyServiceAccount: fc.Arbitrary<ServiceAccount> = fc.record({ ...names, annotations: textByKey });

const anyAssociation: fc.Arbitrary<LiveAssociation> = fc.record(
  {
    ...names,
    id: fc.string({ minLength: 1 }),
    tags: textByKey,
    spec: fc.record(
      {
        roleArn: fc.string({ minLength: 1 }),
        targetRoleArn: fc.string({ minLength: 1 }),
        disableSessionTags: fc.constant(true),
        policy: fc.json().filter((policy) => policy !== ""),
      },
      { requiredKeys: ["roleArn"] },
    ),
    ownerArn: fc.string({ minLength: 1 }),
  },
  { requiredKeys: ["namespace", "name", "id", "tags", "spec"] },
);

function anyListing<T extends ServiceAccountRef>(item: fc.Arbitrary<T>): fc.Arbitrary<Listing<T>> {
  const inOrder = (items: T[]) => items.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const items = fc.uniqueArray(item, { maxLength: 4, selector: order });
  return fc.oneof(
    items.map((some) => ({ state: "complete" as const, items: inOrder(some) })),
    fc.string().map((reason) => ({ state: "failed" as const, reason })),
  );
}

function order({ namespace, name }: ServiceAccountRef): string {
  return `${namespace} ${name}`;
}

const anyRef: fc.Arbitrary<ClusterRef> = fc.record({
  name: label,
  region: fc.constantFrom("us-east-1", "eu-west-1"),
  account: digits,
});

const anySnapshot: fc.Arbitrary<ClusterSnapshot[]> = fc
  .uniqueArray(
    fc.record({
      ref: anyRef,
      serviceAccounts: anyListing(anyServiceAccount),
      associations: anyListing(anyAssociation),
    }),
    { maxLength: 3, selector: ({ ref }) => clusterKey(ref) },
  )
  .map((clusters) => clusters.toSorted((a, b) => (clusterKey(a.ref) < clusterKey(b.ref) ? -1 : 1)));

describe.each(["yaml", "json"] as const)("as %s", (format) => {
  test("what is written is read back as it was", () => {
    fc.assert(
      fc.property(anySnapshot, (clusters) => {
        expect(snapshotOf(snapshotText(clusters, format))).toEqual(clusters);
      }),
    );
  });

  test("the order of the lists makes no difference", () => {
    fc.assert(
      fc.property(anySnapshot, (clusters) => {
        const reversed = clusters.toReversed().map((cluster) => ({
          ...cluster,
          serviceAccounts: reverse(cluster.serviceAccounts),
          associations: reverse(cluster.associations),
        }));
        expect(snapshotText(reversed, format)).toBe(snapshotText(clusters, format));
      }),
    );
  });
});

function reverse<T>(listing: Listing<T>): Listing<T> {
  return listing.state === "failed" ? listing : { state: "complete", items: listing.items.toReversed() };
}

describe("what was discovered", () => {
  const [entry] = entries({ cluster_name: "blue" }).clusters;
  if (entry === undefined) throw new Error("the configuration has an entry");
  const annotations = { [keys.roleArn]: roleArn("reader"), "example.com/password": "hunter2" };
  const blue = {
    ...clusterSnapshot({}, [serviceAccount({ annotations })], [live()]),
    entry,
    access: { kind: "local" as const },
    roleTrust: new Map(),
  };

  test("is written with the annotations that the configuration reads", () => {
    expect(captured({ clusters: [blue], problems: [], warnings: [] }, "configured")).toEqual({
      clusters: [clusterSnapshot({}, [serviceAccount()], [live()])],
      failures: [],
    });
  });

  test("is written with all annotations where that is asked for", () => {
    const { clusters } = captured({ clusters: [blue], problems: [], warnings: [] }, "all");
    expect(clusters).toEqual([clusterSnapshot({}, [serviceAccount({ annotations })], [live()])]);
  });

  test("says what could not be read", () => {
    const failed = { state: "failed", reason: "HTTP 403" } as const;
    const { clusters, failures } = captured(
      {
        clusters: [blue, { ...blue, ref: { ...blue.ref, name: "green" }, serviceAccounts: failed }],
        problems: [{ where: "clusters[1]", message: "no cluster matches", kind: "failure" }],
        warnings: [{ where: "clusters[1]", message: "deprecated" }],
      },
      "configured",
    );
    expect(failures).toEqual([
      "clusters[1]: no cluster matches",
      "cluster 111122223333/eu-west-1/green: HTTP 403",
    ]);
    expect(clusters.map(({ serviceAccounts }) => serviceAccounts.state)).toEqual(["complete", "failed"]);
  });
});
