import {
  CreatePodIdentityAssociationCommand,
  type CreatePodIdentityAssociationCommandInput,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  UpdatePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import { describe, expect, test } from "vitest";
import { accountTrust } from "../../sandbox/aws/simulator.ts";
import { CLUSTER, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";

const WANTED = { clusterName: "dev", namespace: "team", serviceAccount: "app", roleArn: ROLE };
const NOT_FOUND = { name: "ResourceNotFoundException", $metadata: { httpStatusCode: 404 } };

describe("associations", () => {
  test("are created, described, updated in place and deleted", async () => {
    const { eks, simulator } = await startAws();
    const other = simulator.world.addRole({ account: CLUSTER.account, name: "other", path: "/teams/" });
    const created = (
      await eks.send(new CreatePodIdentityAssociationCommand({ ...WANTED, tags: { team: "a/b c" } }))
    ).association;
    expect(created).toMatchObject({ ...WANTED, tags: { team: "a/b c" }, disableSessionTags: false });
    expect(created?.associationId).toMatch(/^a-[a-z0-9]{17}$/);
    const associationId = created?.associationId ?? "";
    expect(created?.associationArn).toBe(
      `arn:aws:eks:eu-west-1:111122223333:podidentityassociation/dev/${associationId}`,
    );
    const one = { clusterName: "dev", associationId };
    expect((await eks.send(new DescribePodIdentityAssociationCommand(one))).association).toEqual(created);

    const change = { ...one, roleArn: other.arn, targetRoleArn: "arn:aws:iam::444455556666:role/target" };
    const changed = (await eks.send(new UpdatePodIdentityAssociationCommand(change))).association;
    expect(changed).toMatchObject({ ...change, createdAt: created?.createdAt });
    expect(changed?.externalId).toBeTypeOf("string");

    const deleted = await eks.send(new DeletePodIdentityAssociationCommand(one));
    expect(deleted.association).toEqual(changed);
    await expect(eks.send(new DescribePodIdentityAssociationCommand(one))).rejects.toMatchObject(NOT_FOUND);
    await expect(
      eks.send(new UpdatePodIdentityAssociationCommand({ ...one, roleArn: ROLE })),
    ).rejects.toMatchObject(NOT_FOUND);
    await expect(eks.send(new DeletePodIdentityAssociationCommand(one))).rejects.toMatchObject(NOT_FOUND);
    expect(simulator.world.associations(CLUSTER)).toEqual([]);
  });

  test("are one for each ServiceAccount: a second is a conflict that names the first", async () => {
    const { eks } = await startAws();
    const first = await eks.send(new CreatePodIdentityAssociationCommand(WANTED));
    await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toMatchObject({
      name: "ResourceInUseException",
      message: `Association already exists: ${first.association?.associationId}`,
      $metadata: { httpStatusCode: 409 },
    });
    const elsewhere = new CreatePodIdentityAssociationCommand({ ...WANTED, namespace: "other" });
    expect((await eks.send(elsewhere)).association?.namespace).toBe("other");
  });

  test("are made once for a clientRequestToken", async () => {
    const { eks, simulator } = await startAws();
    const request = { ...WANTED, clientRequestToken: "token-1" };
    const first = await eks.send(new CreatePodIdentityAssociationCommand(request));
    const again = await eks.send(new CreatePodIdentityAssociationCommand(request));
    expect(again.association).toEqual(first.association);
    expect(simulator.world.associations(CLUSTER)).toHaveLength(1);
    const changed = new CreatePodIdentityAssociationCommand({ ...request, serviceAccount: "other" });
    await expect(eks.send(changed)).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  test("are limited in number by the quota", async () => {
    const { eks, simulator } = await startAws({ behaviour: { associationsPerCluster: 2 } });
    seedAssociations(simulator, 2);
    await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toMatchObject({
      name: "ResourceLimitExceededException",
      $metadata: { httpStatusCode: 400 },
    });
  });

  const refused: readonly [string, Partial<CreatePodIdentityAssociationCommandInput>, string][] = [
    ["an empty namespace", { namespace: "" }, "InvalidParameterException"],
    ["an empty ServiceAccount", { serviceAccount: "" }, "InvalidParameterException"],
    ["what is no ARN", { roleArn: "app" }, "InvalidParameterException"],
    ["the ARN of a user", { roleArn: "arn:aws:iam::111122223333:user/app" }, "InvalidParameterException"],
    ["a padded ARN", { roleArn: ` ${ROLE}` }, "InvalidParameterException"],
    ["a role that is not there", { roleArn: `${ROLE}-none` }, "InvalidParameterException"],
    ["a role that distrusts Pod Identity", { roleArn: `${ROLE}-closed` }, "InvalidParameterException"],
    ["another account's role", { roleArn: "arn:aws:iam::444455556666:role/app" }, "AccessDeniedException"],
    ["a target that is no role", { targetRoleArn: "target" }, "InvalidParameterException"],
    ["a policy with session tags", { policy: "{}" }, "InvalidParameterException"],
    ["a policy that is no JSON", { policy: "{", disableSessionTags: true }, "InvalidParameterException"],
    ["a tag key of AWS's own", { tags: { "AWS:x": "1" } }, "InvalidParameterException"],
    ["a tag key of 129 characters", { tags: { ["k".repeat(129)]: "1" } }, "InvalidParameterException"],
    ["a tag value of 257 characters", { tags: { k: "v".repeat(257) } }, "InvalidParameterException"],
    ["51 tags", { tags: tagsNumbering(51) }, "InvalidParameterException"],
    ["an unknown cluster", { clusterName: "none" }, "ResourceNotFoundException"],
  ];
  test.each(refused)("are refused for %s", async (_what, input, name) => {
    const { eks, simulator } = await startAws();
    simulator.world.addRole({
      account: CLUSTER.account,
      name: "app-closed",
      trustPolicy: accountTrust("111122223333"),
    });
    await expect(
      eks.send(new CreatePodIdentityAssociationCommand({ ...WANTED, ...input })),
    ).rejects.toMatchObject({ name });
    expect(simulator.world.associations(CLUSTER)).toEqual([]);
  });

  test("take a policy without session tags, 50 tags, and lose policy and target role for an empty one", async () => {
    const { eks } = await startAws();
    const full = {
      ...WANTED,
      policy: '{"Version":"2012-10-17"}',
      disableSessionTags: true,
      targetRoleArn: "arn:aws:iam::444455556666:role/target",
      tags: tagsNumbering(50),
    };
    const { association } = await eks.send(new CreatePodIdentityAssociationCommand(full));
    expect(association).toMatchObject(full);
    const one = { clusterName: "dev", associationId: association?.associationId };
    const withTags = new UpdatePodIdentityAssociationCommand({ ...one, disableSessionTags: false });
    await expect(eks.send(withTags)).rejects.toMatchObject({ name: "InvalidParameterException" });
    const bare = new UpdatePodIdentityAssociationCommand({ ...one, policy: "", targetRoleArn: "" });
    const after = (await eks.send(bare)).association;
    expect([after?.policy, after?.targetRoleArn, after?.externalId]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const nothing = new UpdatePodIdentityAssociationCommand(one);
    await expect(eks.send(nothing)).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  test("wait for the cluster to be up", async () => {
    const { eks, simulator } = await startAws();
    simulator.world.setCluster(CLUSTER, { status: "CREATING" });
    await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toMatchObject({
      name: "InvalidRequestException",
    });
  });
});

function tagsNumbering(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, "value"]));
}
