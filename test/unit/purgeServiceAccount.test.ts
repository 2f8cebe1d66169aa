import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { expect, onTestFinished, test } from "vitest";
import { readServiceAccount } from "../../src/kubernetes/serviceAccounts.ts";

const ref = { namespace: "shop", name: "api" };
const asked = "/api/v1/namespaces/shop/serviceaccounts/api";

/** The configuration of a server that answers the one request with this, and its address. */
async function answering(status: number, body: string): Promise<{ config: KubeConfig; server: string }> {
  const http = createServer((request, response) => {
    const expected = request.url === asked;
    response.writeHead(expected ? status : 500, { "content-type": "application/json" });
    response.end(expected ? body : `"${request.url}"`);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const server = `http://127.0.0.1:${port}`;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "blue", server, skipTLSVerify: true }, { name: "blue" });
  return { config, server };
}

function notFound(kind: string): string {
  const details = { name: "api", kind };
  return JSON.stringify({
    kind: "Status",
    status: "Failure",
    reason: "NotFound",
    message: "not found",
    details,
  });
}

test("a ServiceAccount comes with its annotations", async () => {
  const metadata = { ...ref, annotations: { owner: "shop" } };
  const { config } = await answering(200, JSON.stringify({ metadata }));
  expect(await readServiceAccount(config, ref)).toEqual({ ...ref, annotations: { owner: "shop" } });
});

test("there is none where the API server says that there is none", async () => {
  const { config } = await answering(404, notFound("serviceaccounts"));
  expect(await readServiceAccount(config, ref)).toBeUndefined();
});

test.each([
  { title: "a proxy's 404", status: 404, body: "<html>404</html>" },
  { title: "a 404 for something else", status: 404, body: notFound("pods") },
  { title: "a refusal", status: 403, body: JSON.stringify({ message: "forbidden" }) },
  { title: "a failure", status: 500, body: notFound("serviceaccounts") },
])("$title is an error that names call and server, never an absence", async ({ status, body }) => {
  const { config, server } = await answering(status, body);
  await expect(readServiceAccount(config, ref)).rejects.toThrow(
    `get serviceaccount shop/api at ${server}: ${status}`,
  );
});

test("an API server that is not there is an error, too", async () => {
  const config = new KubeConfig();
  const server = "http://127.0.0.1:1";
  config.loadFromClusterAndUser({ name: "blue", server, skipTLSVerify: true }, { name: "blue" });
  await expect(readServiceAccount(config, ref)).rejects.toThrow(`get serviceaccount shop/api at ${server}: `);
});
