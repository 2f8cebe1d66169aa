import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { ClusterRef } from "../../src/model/cluster.ts";
import { type Behaviour, defaultBehaviour } from "./behaviour.ts";
import { CallLog } from "./callLog.ts";
import { CONTROL_PATH, control } from "./control.ts";
import { Faults } from "./faults.ts";
import { Gateway, type GatewayAnswer } from "./gateway.ts";
import type { SignedRequest } from "./signature.ts";
import { answerTokenReview, tokenReviewPath } from "./webhook.ts";
import { World } from "./world.ts";

export type { Credentials } from "./accounts.ts";
export type { Association } from "./associationStore.ts";
export type { Behaviour } from "./behaviour.ts";
export type { Call } from "./callLog.ts";
export type { FaultInput } from "./faults.ts";
export { accountTrust, POD_IDENTITY_TRUST } from "./trustPolicy.ts";
export type { AccessEntry, AssociationSeed, Cluster, ClusterSeed, ClusterStatus } from "./world.ts";

/** How to start a simulator. */
export interface AwsSimulatorOptions {
  /** What differs from the default: prompt, consistent, not throttled, quota of 5,000. */
  readonly behaviour?: Partial<Behaviour>;
  /** Milliseconds since the epoch, as `Date.now`; for tests of what time decides. */
  readonly now?: () => number;
}

/**
 * EKS (clusters, Pod Identity associations, tags), STS, IAM and the Resource
 * Groups Tagging API on one URL, as good as an AWS client can tell, and the
 * token webhook of the clusters' API servers.
 */
export interface AwsSimulator {
  /** `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`. */
  readonly url: string;
  /** Accounts, roles, clusters and associations: to seed and to inspect. */
  readonly world: World;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly behaviour: Readonly<Behaviour>;
  /** Changes the behaviour from the next call on; what is not given stays. */
  configure(changes: Partial<Behaviour>): void;
  /** Where the API server of `cluster` asks about bearer tokens. */
  tokenReviewUrl(cluster: ClusterRef): string;
  /** Stops listening and drops all connections, hanging calls included. */
  close(): Promise<void>;
}

/** Starts a simulator on a free loopback port, with nothing in it. */
export async function startAwsSimulator(options: AwsSimulatorOptions = {}): Promise<AwsSimulator> {
  const now = options.now ?? Date.now;
  const behaviour: Behaviour = { ...defaultBehaviour(), ...options.behaviour };
  const world = new World({ now, dueAt: () => now() + (behaviour.listLagMs ?? Number.POSITIVE_INFINITY) });
  const parts = { world, behaviour, now, faults: new Faults(), calls: new CallLog() };
  const gateway = new Gateway(parts);

  const server = createServer(async (incoming, outgoing) => {
    try {
      const request = await readRequest(incoming);
      if (request.path.startsWith(CONTROL_PATH)) send(outgoing, control(simulator, request));
      else send(outgoing, answerTokenReview(request, parts) ?? (await gateway.answer(request)));
    } catch (error) {
      // The client sees why the simulator itself is at fault; it must not take the whole process down.
      if (!outgoing.destroyed)
        send(outgoing, { status: 500, headers: {}, body: `simulator: ${String(error)}` });
    }
  });
  // Longer than a daemon's interval: a client must not find its kept connection closed, as AWS's seldom are.
  server.keepAliveTimeout = 120_000;
  const url = await listen(server);

  const simulator: AwsSimulator = {
    url,
    world,
    behaviour,
    calls: parts.calls,
    faults: parts.faults,
    configure(changes) {
      const held = behaviour.listLagMs === null;
      Object.assign(behaviour, changes);
      if (held && behaviour.listLagMs !== null) world.settle(); // nobody would tell them any more
    },
    tokenReviewUrl: (cluster) => url + tokenReviewPath(cluster),
    close() {
      parts.faults.release();
      if (!server.listening) return Promise.resolve();
      return new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      });
    },
  };
  return simulator;
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the simulator has no port"));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

async function readRequest(incoming: IncomingMessage): Promise<SignedRequest> {
  const [path = "/", ...query] = (incoming.url ?? "/").split("?");
  const headers = Object.entries(incoming.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(",") : value,
  ]);
  return {
    method: incoming.method ?? "GET",
    path,
    query: query.join("?"),
    headers: Object.fromEntries(headers),
    body: await text(incoming),
  };
}

function send(outgoing: ServerResponse, answer: GatewayAnswer): void {
  if (answer === "drop") outgoing.destroy();
  else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
}
