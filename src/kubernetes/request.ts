import { type IncomingMessage, request as plainRequest } from "node:http";
import { type RequestOptions, request as tlsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { ApiException, type KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../model/userError.ts";

/** One request to an API server. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** With its query. */
  readonly path: string;
  readonly body?: object;
  /** Ends the request, and the reading of its answer. */
  readonly signal: AbortSignal;
}

/** The address of the API server. Throws UserError where the configuration names none. */
export function serverOf(config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server;
  if (server !== undefined) return server;
  throw new UserError(
    "no Kubernetes cluster is configured here: set KUBECONFIG, or run inside the cluster (self: true)",
  );
}

/**
 * Sends a request with the credentials of the configuration, and settles when the headers of a success are there; the
 * caller reads the body. Throws ApiException for any other status, and what Node.js throws where there is no answer.
 */
export async function openRequest(config: KubeConfig, request: ApiRequest): Promise<IncomingMessage> {
  const { method, path, body, signal } = request;
  const url = serverOf(config) + path;
  const options: RequestOptions = {
    method,
    signal,
    headers: { accept: "application/json", ...(body && { "content-type": "application/json" }) },
  };
  // A credential plugin that hangs hears of no signal.
  await unlessAborted(signal, config.applyToHTTPSOptions(options));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = url.startsWith("http:") ? plainRequest(url, options) : tlsRequest(url, options);
    // As client-go: finds a peer that is gone, and keeps load balancers from dropping a quiet watch.
    outgoing.once("socket", (socket) => socket.setKeepAlive(true, 30_000));
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  throw new ApiException(status, response.statusMessage ?? "", await text(response), {});
}

/** As {@link openRequest}, with the answer read as JSON; undefined where it is none. */
export async function requestJson(config: KubeConfig, request: ApiRequest): Promise<unknown> {
  const answer = await text(await openRequest(config, request));
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}

/** The outcome of `work`, or the signal's reason as an error as soon as that is aborted; `work` itself goes on. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
