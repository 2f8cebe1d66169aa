import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import pLimit from "p-limit";

/** An API server, and the token of its administrator. */
export interface ApiServer {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** The CA certificate: PEM, in base64, as kubeconfigs and EKS have it. */
  readonly caData: string;
  readonly adminToken: string;
}

/** What an API server said. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

const CONNECTIONS = 16;
const REQUEST_TIMEOUT_MS = 15_000;

/**
 * A client with the administrator's rights that keeps its connections:
 * `@kubernetes/client-node` opens one for each request, which thousands of writes would feel.
 */
export class ApiClient {
  readonly #target: ApiServer;
  readonly #agent: Agent;
  // A request's time runs from when it is its turn.
  readonly #turn = pLimit(CONNECTIONS);

  constructor(target: ApiServer) {
    this.#target = target;
    const ca = Buffer.from(target.caData, "base64");
    this.#agent = new Agent({ ca, keepAlive: true });
  }

  /** The answer, whatever its status. Throws where there is none. */
  send(method: string, path: string, body?: object): Promise<ApiAnswer> {
    return this.#turn(() => this.#send(method, path, body));
  }

  /** As {@link send}; throws also where the answer is neither a success nor one of the `accepted` statuses. */
  async expect(
    method: string,
    path: string,
    body?: object,
    accepted: readonly number[] = [],
  ): Promise<string> {
    const answer = await this.send(method, path, body);
    if (answer.status < 300 || accepted.includes(answer.status)) return answer.text;
    throw new Error(`${method} ${this.#target.server}${path}: ${answer.status} ${answer.text.trim()}`);
  }

  /** Drops the connections. */
  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: object | undefined): Promise<ApiAnswer> {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const outgoing = request(`${this.#target.server}${path}`, {
      method,
      agent: this.#agent,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      headers: { authorization: `Bearer ${this.#target.adminToken}`, "content-type": contentType },
    });
    const answer = Promise.withResolvers<ApiAnswer>();
    outgoing.once("error", answer.reject);
    outgoing.once("response", (incoming) => {
      const status = incoming.statusCode ?? 0;
      text(incoming).then((all) => answer.resolve({ status, text: all }), answer.reject);
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    return answer.promise;
  }
}

/** Runs `work` with a client that is closed afterwards. */
export async function withApiClient<T>(target: ApiServer, work: (api: ApiClient) => Promise<T>): Promise<T> {
  const api = new ApiClient(target);
  try {
    return await work(api);
  } finally {
    api.close();
  }
}
