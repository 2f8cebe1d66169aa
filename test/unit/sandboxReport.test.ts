import { KubeConfig } from "@kubernetes/client-node";
import { execa } from "execa";
import { expect, test } from "vitest";
import { contextName, kubeconfigText } from "../../sandbox/controlPlane/kubeconfig.ts";
import { exportLines, sandboxJson } from "../../sandbox/report.ts";
import { sampleRoles, sampleServiceAccounts } from "../../sandbox/sampleServiceAccounts.ts";
import { parseRoleArn } from "../../src/model/roleArn.ts";
import { keyOf } from "../../src/model/serviceAccount.ts";

const ref = { name: "blue", region: "us-east-1", account: "111111111111" };
const apiServer = { server: "https://127.0.0.1:6443", caData: "Q0E=", adminToken: "token" };

test("a shell that reads the export lines has the environment, and no profile besides", async () => {
  const environment = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", KUBECONFIG: "/tmp/it's here/$HOME" };
  const script = `${exportLines({ environment })}printf '%s|' "$AWS_ENDPOINT_URL" "$KUBECONFIG" "\${AWS_PROFILE-none}"`;
  const { stdout } = await execa("sh", ["-c", script], { env: { AWS_PROFILE: "work" } });
  expect(stdout).toBe("http://127.0.0.1:1|/tmp/it's here/$HOME|none|");
});

test("the JSON names the clusters, with no administrator's token", () => {
  const cluster = { ...apiServer, ref, context: "blue", adminKubeconfigPath: "/tmp/sandbox/blue.yaml" };
  const json = sandboxJson({ clusters: [cluster], directory: "/tmp/sandbox", environment: { A: "b" } });
  expect(JSON.parse(json)).toEqual({
    directory: "/tmp/sandbox",
    environment: { A: "b" },
    clusters: [{ ...ref, context: "blue", server: apiServer.server, kubeconfig: "/tmp/sandbox/blue.yaml" }],
  });
});

test.each([
  { others: "no other cluster", all: [ref], name: "blue" },
  { others: "a cluster of another name", all: [ref, { ...ref, name: "green" }], name: "blue" },
  {
    others: "a namesake elsewhere",
    all: [ref, { ...ref, region: "eu-west-1" }],
    name: "111111111111/us-east-1/blue",
  },
])("beside $others the context is $name", ({ all, name }) => {
  expect(contextName(ref, all)).toBe(name);
});

test("a kubeconfig has a context for each cluster, and the first is current", () => {
  const green = { ...apiServer, server: "https://127.0.0.1:6444", adminToken: "other", context: "green" };
  const config = new KubeConfig();
  config.loadFromString(kubeconfigText([{ ...apiServer, context: "blue" }, green]));
  expect(config.getCurrentContext()).toBe("blue");
  expect(config.getCurrentUser()?.token).toBe("token");
  config.setCurrentContext("green");
  expect(config.getCurrentCluster()).toMatchObject({ server: green.server, caData: "Q0E=" });
  expect(config.getCurrentUser()?.token).toBe("other");
});

test.each([0, 1, 20, 1000])(
  "%i sample ServiceAccounts have names of their own and roles that exist",
  (count) => {
    const samples = sampleServiceAccounts(count, "111111111111");
    expect(new Set(samples.map(keyOf)).size).toBe(count);
    for (const { annotations } of samples) {
      const role = parseRoleArn(annotations["eks.amazonaws.com/role-arn"] ?? "");
      expect(role?.account).toBe("111111111111");
      expect(sampleRoles).toContain(role?.name);
    }
  },
);
