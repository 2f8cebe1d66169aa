import { describe, expect, test } from "vitest";
import { errorLines, snapshotOf } from "./snapshotFixtures.ts";

const everything = `clusters:
  - name: blue
    region: eu-west-1
    account: 012345678901
    serviceAccounts:
      - namespace: shop
        name: api.v1
        annotations:
          eks.amazonaws.com/role-arn: arn:aws:iam::012345678901:role/api
          example.com/empty:
      - {namespace: shop, name: plain}
    associations:
      - id: a-1
        namespace: shop
        serviceAccount: api.v1
        roleArn: arn:aws:iam::012345678901:role/api
        tags: {managed-by: us, cost-center: 0042}
        ownerArn: arn:aws:eks:eu-west-1:012345678901:addon/blue/x
        targetRoleArn: arn:aws:iam::111122223333:role/far
        disableSessionTags: true
        policy: '{"Version":"2012-10-17"}'
      - {id: a-2, namespace: shop, serviceAccount: plain, roleArn: r, disableSessionTags: false, tags: }
  - {name: green, region: eu-west-1, account: "012345678901", serviceAccounts: {failed: HTTP 403}, associations: []}
`;

const readEverything = [
  {
    ref: { name: "blue", region: "eu-west-1", account: "012345678901" },
    serviceAccounts: {
      state: "complete",
      items: [
        {
          namespace: "shop",
          name: "api.v1",
          annotations: {
            "eks.amazonaws.com/role-arn": "arn:aws:iam::012345678901:role/api",
            "example.com/empty": "",
          },
        },
        { namespace: "shop", name: "plain", annotations: {} },
      ],
    },
    associations: {
      state: "complete",
      items: [
        {
          id: "a-1",
          namespace: "shop",
          name: "api.v1",
          spec: {
            roleArn: "arn:aws:iam::012345678901:role/api",
            targetRoleArn: "arn:aws:iam::111122223333:role/far",
            disableSessionTags: true,
            policy: '{"Version":"2012-10-17"}',
          },
          tags: { "managed-by": "us", "cost-center": "0042" },
          ownerArn: "arn:aws:eks:eu-west-1:012345678901:addon/blue/x",
        },
        { id: "a-2", namespace: "shop", name: "plain", spec: { roleArn: "r" }, tags: {} },
      ],
    },
  },
  {
    ref: { name: "green", region: "eu-west-1", account: "012345678901" },
    serviceAccounts: { state: "failed", reason: "HTTP 403" },
    associations: { state: "complete", items: [] },
  },
];

test("reads every field of YAML, with text as it is written", () => {
  expect(snapshotOf(everything)).toStrictEqual(readEverything);
});

test("reads JSON", () => {
  const [blue] = readEverything;
  const cluster = { ...blue?.ref, serviceAccounts: [{ namespace: "shop", name: "plain" }], associations: [] };
  expect(snapshotOf(JSON.stringify({ clusters: [cluster] }))).toStrictEqual([
    {
      ref: blue?.ref,
      serviceAccounts: {
        state: "complete",
        items: [{ namespace: "shop", name: "plain", annotations: {} }],
      },
      associations: { state: "complete", items: [] },
    },
  ]);
});

const head = "clusters: [{name: blue, region: eu-west-1, account: 012345678901, ";
const twice = `${everything}  - {name: blue, region: eu-west-1, account: 012345678901, serviceAccounts: [], associations: []}\n`;

describe("problems", () => {
  test.each([
    ["nothing", "", "1:1: clusters: is missing; list the clusters of the snapshot"],
    ["a list at the top", "[]", "1:1: is not a mapping of fields"],
    [
      "bad syntax",
      "clusters: [",
      "1:12: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    [
      "no list of ServiceAccounts",
      `${head}associations: []}]`,
      "1:12: clusters[0].serviceAccounts: is missing; list the ServiceAccounts, or write [] for none",
    ],
    [
      "a failure without its reason",
      `${head}associations: [], serviceAccounts: {}}]`,
      "1:85: clusters[0].serviceAccounts.failed: is missing; say why the list could not be read",
    ],
    [
      "a wrong value deep down",
      `${head}associations: [], serviceAccounts: [{namespace: shop, name: api, annotations: {a: [1]}}]}]`,
      "1:146: clusters[0].serviceAccounts[0].annotations.a: is not text",
    ],
    [
      "an unknown field of an association",
      `${head}serviceAccounts: [], associations: [{id: a-1, namespace: n, serviceAccount: s, roleArn: r, owner_arn: x}]}]`,
      "1:158: clusters[0].associations[0].owner_arn: is not a known field; did you mean ownerArn?",
    ],
    [
      "a cluster written twice",
      twice,
      "24:5: clusters[2]: is 012345678901/eu-west-1/blue, as clusters[0] is; write each cluster once",
    ],
  ])("%s", (_what, text, problem) => {
    expect(errorLines(() => snapshotOf(text))).toEqual([`snapshot.yaml:${problem}`]);
  });

  test("all at once, each with its place", () => {
    const text = `clusters:
  - name: "-blue"
    region: Ireland
    account: 12345
    serviceAccounts:
      - {namespace: Shop, name: api_1}
      - api
    associations:
      - {namespace: shop, serviceAccount: api, roleArn: "", disableSessionTags: maybe}
`;
    expect(errorLines(() => snapshotOf(text))).toEqual([
      'snapshot.yaml:2:5: clusters[0].name: "-blue" is not the name of a cluster',
      'snapshot.yaml:3:5: clusters[0].region: "Ireland" is not the name of an AWS region; write one like us-east-1',
      'snapshot.yaml:4:5: clusters[0].account: "12345" is not an AWS account; write its twelve digits',
      'snapshot.yaml:6:10: clusters[0].serviceAccounts[0].namespace: "Shop" is not the name of a namespace',
      'snapshot.yaml:6:27: clusters[0].serviceAccounts[0].name: "api_1" is not the name of a ServiceAccount',
      'snapshot.yaml:7:9: clusters[0].serviceAccounts[1]: "api" is not a mapping of fields',
      "snapshot.yaml:9:9: clusters[0].associations[0].id: is missing; write the association's id",
      'snapshot.yaml:9:48: clusters[0].associations[0].roleArn: "" is empty',
      'snapshot.yaml:9:61: clusters[0].associations[0].disableSessionTags: "maybe" is not true or false',
    ]);
  });
});
