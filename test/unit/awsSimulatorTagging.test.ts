import {
  GetResourcesCommand,
  type GetResourcesCommandInput,
  paginateGetResources,
} from "@aws-sdk/client-resource-groups-tagging-api";
import { expect, test } from "vitest";
import { CLUSTER, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";

const TYPE = { ResourceTypeFilters: ["eks:podidentityassociation"] };

/** A simulator with four associations `ns/a` to `ns/d`, the last of them without tags, and a tagged cluster. */
async function startTagged() {
  const aws = await startAws();
  const put = (serviceAccount: string, tags: Record<string, string>) =>
    aws.simulator.world.putAssociation(CLUSTER, { namespace: "ns", serviceAccount, roleArn: ROLE, tags });
  const arns = {
    a: put("a", { managed: "yes", team: "red" }).associationArn,
    b: put("b", { managed: "yes", team: "blue" }).associationArn,
    c: put("c", { managed: "no" }).associationArn,
    d: put("d", {}).associationArn,
    cluster: "arn:aws:eks:eu-west-1:111122223333:cluster/dev",
  };
  aws.simulator.world.setCluster(CLUSTER, { tags: { managed: "yes" } });
  const found = async (input: GetResourcesCommandInput) => {
    const { ResourceTagMappingList: list = [] } = await aws.tagging.send(new GetResourcesCommand(input));
    return list
      .map(({ ResourceARN: arn }) => Object.entries(arns).find((entry) => entry[1] === arn)?.[0])
      .toSorted();
  };
  return { ...aws, arns, found };
}

const byTags: readonly [string, GetResourcesCommandInput, readonly string[]][] = [
  ["no filter", {}, ["a", "b", "c", "cluster"]],
  ["a type", TYPE, ["a", "b", "c"]],
  ["a service", { ResourceTypeFilters: ["eks"] }, ["a", "b", "c", "cluster"]],
  ["another type", { ResourceTypeFilters: ["eks:cluster"] }, ["cluster"]],
  ["another service", { ResourceTypeFilters: ["s3:bucket"] }, []],
  ["a key", { ...TYPE, TagFilters: [{ Key: "team" }] }, ["a", "b"]],
  ["a key with a value", { ...TYPE, TagFilters: [{ Key: "managed", Values: ["yes"] }] }, ["a", "b"]],
  [
    "any of two values",
    { ...TYPE, TagFilters: [{ Key: "managed", Values: ["yes", "no"] }] },
    ["a", "b", "c"],
  ],
  [
    "all of two keys",
    {
      TagFilters: [
        { Key: "managed", Values: ["yes"] },
        { Key: "team", Values: ["blue"] },
      ],
    },
    ["b"],
  ],
];
test.each(byTags)("finds resources by %s", async (_what, input, expected) => {
  const { found } = await startTagged();
  expect(await found(input)).toEqual(expected);
});

test("finds tagged resources by ARN, and leaves out what is not there or of another region", async () => {
  const { found, arns } = await startTagged();
  const ResourceARNList = [
    arns.b,
    arns.d,
    arns.cluster,
    `${arns.b}0`,
    arns.b.replace("eu-west-1", "us-east-1"),
  ];
  expect(await found({ ResourceARNList })).toEqual(["b", "cluster"]);
});

test("answers tags as keys and values", async () => {
  const { tagging, arns } = await startTagged();
  const { ResourceTagMappingList } = await tagging.send(
    new GetResourcesCommand({ ResourceARNList: [arns.a] }),
  );
  const Tags = [
    { Key: "managed", Value: "yes" },
    { Key: "team", Value: "red" },
  ];
  expect(ResourceTagMappingList).toEqual([{ ResourceARN: arns.a, Tags }]);
});

test("pages through the associations of all clusters", async () => {
  const { tagging, simulator } = await startAws();
  seedAssociations(simulator, 130, { managed: "yes" });
  const second = { ...CLUSTER, name: "prod" };
  simulator.world.addCluster({ ...second, endpoint: "https://127.0.0.1:1", caData: "" });
  for (let index = 0; index < 120; index++) {
    const names = { namespace: "ns", serviceAccount: `sa-${index}`, roleArn: ROLE };
    simulator.world.putAssociation(second, { ...names, tags: { managed: index % 2 === 0 ? "yes" : "no" } });
  }
  const input = { ...TYPE, TagFilters: [{ Key: "managed", Values: ["yes"] }], ResourcesPerPage: 100 };
  const sizes: number[] = [];
  const arns = new Set<string | undefined>();
  for await (const page of paginateGetResources({ client: tagging }, input)) {
    sizes.push(page.ResourceTagMappingList?.length ?? 0);
    for (const mapping of page.ResourceTagMappingList ?? []) arns.add(mapping.ResourceARN);
  }
  expect(sizes).toEqual([100, 90]);
  expect(arns.size).toBe(190);
});

test.each([
  ["ARNs with filters", { ResourceARNList: ["arn:aws:eks:eu-west-1:111122223333:cluster/dev"], ...TYPE }],
  ["more than 100 for a page", { ResourcesPerPage: 101 }],
  ["more than 100 ARNs", { ResourceARNList: Array.from({ length: 101 }, (_, index) => `arn:${index}`) }],
  ["a token of its own making", { PaginationToken: "bm9uZQ" }],
])("does not take %s", async (_what, input) => {
  const { tagging } = await startAws();
  await expect(tagging.send(new GetResourcesCommand(input))).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
});
