import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { discover } from "../../src/discovery/discover.ts";
import { clusterKey } from "../../src/model/cluster.ts";
import { UserError } from "../../src/model/userError.ts";
import { type Answer, configFor, listed, sendPage, sendStatus, startApiServer } from "./apiServerFixture.ts";
import { CLUSTER, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";
import { stackConfig } from "./configFixtures.ts";
import { useSimulator } from "./discoveryFixture.ts";

const prod = { ...CLUSTER, name: "prod" };
const annotations = { "eks.amazonaws.com/role-arn": ROLE };
const serve: Answer = (_token, _request, response) =>
  sendPage(response, { items: [listed("team", "app-0", annotations), listed("team", "app-1")] });
const refuse: Answer = (_token, _request, response) => sendStatus(response, 403, "forbidden");

/** AWS with the clusters `dev` and `prod`, and three associations in `dev`. */
async function startCloud() {
  const aws = await startAws();
  aws.simulator.world.addCluster({ ...prod, endpoint: "https://127.0.0.1:6443", caData: "Q0E=" });
  seedAssociations(aws.simulator, 3, { "managed-by": "eks-auto-pod-id-assoc" });
  useSimulator(aws.simulator, aws.credentials);
  return aws;
}

/** An entry for the cluster of this name, whose API server answers so. */
async function selfEntry(name: string, answer: Answer): Promise<Record<string, unknown>> {
  const { url } = await startApiServer(answer);
  const folder = await mkdtemp(join(tmpdir(), "discovery-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, "kubeconfig.json");
  await writeFile(kubeconfig, configFor(url).exportConfig());
  const self = { self: true, cluster_name: name, kubeconfig };
  return { region: CLUSTER.region, role_trust_check: "off", ...self };
}

const nothing = new Map<string, ReadonlySet<string>>();

test("a cluster's associations and ServiceAccounts are read, AWS first", async () => {
  const { simulator } = await startCloud();
  let before: readonly (number | undefined)[] = [];
  const entry = await selfEntry("dev", (...args) => {
    before = simulator.calls.all("ListPodIdentityAssociations").map(({ status }) => status);
    serve(...args);
  });
  const { clusters, problems } = await discover(stackConfig([entry]), nothing);
  expect(problems).toEqual([]);
  expect(clusters).toMatchObject([
    {
      ref: CLUSTER,
      associations: { state: "complete", items: [{ name: "app-0" }, { name: "app-1" }, { name: "app-2" }] },
      serviceAccounts: {
        state: "complete",
        items: [
          { namespace: "team", name: "app-0", annotations },
          { namespace: "team", name: "app-1", annotations: {} },
        ],
      },
    },
  ]);
  // A ServiceAccount made in between is then one without an association, and not the other way round.
  expect(before).toEqual([200]);
});

test("clusters of one account and region share one look-up of the tags", async () => {
  const { simulator } = await startCloud();
  simulator.world.putAssociation(prod, { namespace: "team", serviceAccount: "app-0", roleArn: ROLE });
  const entries = [await selfEntry("dev", serve), await selfEntry("prod", serve)];
  const { clusters } = await discover(stackConfig(entries), nothing);
  expect(clusters.map(({ associations }) => associations.state)).toEqual(["complete", "complete"]);
  expect(simulator.calls.all("GetResources")).toHaveLength(1);
});

test("what the state holds is not described again", async () => {
  const { simulator } = await startCloud();
  const config = stackConfig([await selfEntry("dev", serve)]);
  await discover(config, nothing);
  expect(simulator.calls.all("DescribePodIdentityAssociation")).toHaveLength(1);
  simulator.calls.clear();
  const ids = simulator.world.associations(CLUSTER).map(({ associationId }) => associationId);
  await discover(config, new Map([[clusterKey(CLUSTER), new Set(ids)]]));
  expect(simulator.calls.all("DescribePodIdentityAssociation")).toEqual([]);
});

test("a cluster whose API server or AWS fails does not hold up the others", async () => {
  const { simulator } = await startCloud();
  simulator.world.addCluster({ ...CLUSTER, name: "denied", endpoint: "https://127.0.0.1:6443", caData: "" });
  const code = "AccessDeniedException";
  const fault = { action: "ListPodIdentityAssociations", cluster: "denied" };
  simulator.faults.inject({ ...fault, effect: { kind: "error", code, message: "no" } });
  const servers = { dev: serve, prod: refuse, denied: serve };
  const entries = await Promise.all(Object.entries(servers).map(([name, answer]) => selfEntry(name, answer)));
  const { clusters, problems } = await discover(stackConfig(entries), nothing);
  expect(problems).toEqual([]);
  const found = clusters.map(({ ref, associations, serviceAccounts }): unknown => [
    ref.name,
    associations.state === "failed" ? associations.reason : associations.items.length,
    serviceAccounts.state === "failed" ? serviceAccounts.reason : serviceAccounts.items.length,
  ]);
  expect(found).toEqual([
    ["dev", 3, 2],
    ["prod", 0, expect.stringMatching(/^list serviceaccounts at http:\S+: 403 forbidden; grant get/)],
    [
      "denied",
      expect.stringMatching(/^eks:ListPodIdentityAssociations: AccessDeniedException: no; grant eks:/),
      2,
    ],
  ]);
});

test("an entry whose clusters can't be found is a problem beside a good one", async () => {
  const { simulator } = await startCloud();
  const good = await selfEntry("dev", serve);
  const elsewhere = { region: "us-east-1" };
  const role_arn = "arn:aws:iam::444455556666:role/nobody";
  simulator.configure({ denials: [{ principal: "*", action: "ListClusters" }] });
  const { clusters, problems } = await discover(
    stackConfig([elsewhere, { ...elsewhere, role_arn }, good]),
    nothing,
  );
  expect(clusters.map(({ ref }) => ref)).toEqual([CLUSTER]);
  expect(problems).toEqual([
    {
      where: "clusters[0]",
      message: expect.stringMatching(/^eks:ListClusters: AccessDenied.*; grant eks:ListClusters /),
      kind: "failure",
    },
    {
      where: "clusters[1]",
      message: expect.stringMatching(/^eks:ListClusters: AccessDenied.*; grant sts:AssumeRole /),
      kind: "failure",
    },
  ]);
});

test("a kubeconfig that is not there is the cluster's failure", async () => {
  await startCloud();
  const entry = { ...(await selfEntry("dev", serve)), kubeconfig: "/nowhere/kubeconfig" };
  const { clusters } = await discover(stackConfig([entry]), nothing);
  expect(clusters[0]?.serviceAccounts).toEqual({
    state: "failed",
    reason: expect.stringMatching(/^kubeconfig \/nowhere\/kubeconfig can't be read: .*; set KUBECONFIG/),
  });
});

test("a cluster that two entries select ends the run before anything is read there", async () => {
  const { simulator } = await startCloud();
  const config = stackConfig([
    { region: CLUSTER.region, cluster_name: "^d" },
    { region: CLUSTER.region, cluster_name: "v$" },
  ]);
  await expect(discover(config, nothing)).rejects.toThrow(UserError);
  await expect(discover(config, nothing)).rejects.toThrow(/by clusters\[0\] and clusters\[1\]/);
  expect(simulator.calls.all("ListPodIdentityAssociations")).toEqual([]);
});
