import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { KubeConfig } from "@kubernetes/client-node";
import { onTestFinished } from "vitest";

/** A page of ServiceAccounts as an API server answers it; `continue` leads to the next one. */
export interface Page {
  readonly items: readonly object[];
  readonly continue?: string;
}

/** What the server does with a request for the page after `token`. */
export type Answer = (token: string, request: IncomingMessage, response: ServerResponse) => void;

/** An API server over plain HTTP on a free loopback port, ended with the test. */
export async function startApiServer(
  answer: Answer,
): Promise<{ url: string; requests: URL[]; stop(): Promise<void> }> {
  const requests: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://api");
    requests.push(url);
    answer(url.searchParams.get("continue") ?? "", request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(stop);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}`, requests, stop };
}

/** Answers one page of a list. */
export function sendPage(response: ServerResponse, page: Page): void {
  const metadata = {
    resourceVersion: "7",
    ...(page.continue === undefined ? {} : { continue: page.continue }),
  };
  send(response, 200, { kind: "ServiceAccountList", apiVersion: "v1", metadata, items: page.items });
}

/** Answers the Status object that an API server refuses with. */
export function sendStatus(response: ServerResponse, code: number, message: string): void {
  send(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", code, message });
}

/** A ServiceAccount of a list. */
export function listed(namespace: string, name: string, annotations?: Record<string, string>): object {
  return { metadata: { namespace, name, ...(annotations === undefined ? {} : { annotations }) } };
}

/** Client settings for the server: plain HTTP is taken only by who asks for no verification. */
export function configFor(server: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "dev", server, skipTLSVerify: true }, { name: "dev", token: "t" });
  return config;
}

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}
