import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { UserError } from "../../model/userError.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { RunnerSettings } from "../settings.ts";
import { type Answer, json, send, text } from "./answer.ts";
import { type HealthReason, healthOf, livenessOf, readinessOf } from "./health.ts";
import { readPage } from "./pageFiles.ts";
import type { Status } from "./status.ts";
import type { StatusBoard } from "./statusBoard.ts";
import type { StatusMoment } from "./statusDocument.ts";
import { streamStatus } from "./statusEvents.ts";

/** What the server shows, and where. */
export interface StatusServerOptions {
  readonly settings: Pick<RunnerSettings, "address" | "healthPath" | "metricsPath" | "intervalMs">;
  readonly board: StatusBoard;
  readonly registry: Registry;
  readonly clock?: Clock;
}

/** A server that listens. */
export interface StatusServer {
  /** As a browser on this machine reaches it. */
  readonly url: string;
  /** Ends every stream and connection. */
  stop(): Promise<void>;
}

type Route = () => Answer | Promise<Answer>;

/** A browser opens one stream for each tab; scripts that leak them shall not fill the process. */
const MOST_STREAMS = 64;
/** So long an answer that is on its way may take once the server is stopped. */
const STOP_MS = 1_000;

/**
 * Serves health, liveness, readiness, metrics and the status page, for reading only.
 *
 * @throws UserError where the paths are the same, or the address can't be listened on.
 */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { settings, board, clock = systemClock } = options;
  const momentOf = (status: Status): StatusMoment => {
    const now = clock.now();
    const { intervalMs } = settings;
    return { now, intervalMs, reasons: healthOf(status, now, intervalMs) };
  };
  const routes = await routesOf(options, clock, momentOf);
  const streams = new Set<() => void>();

  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "/";
    if (request.method === "GET" && path === "/api/events" && streams.size < MOST_STREAMS) {
      const end = streamStatus(request, response, { board, momentOf, clock });
      streams.add(end);
      response.on("close", () => streams.delete(end));
      return;
    }
    void answerOf(request, routes.get(path), path)
      .then((answer) => send(request, response, answer))
      .catch((error: unknown) => fail(response, error));
  });
  await listen(server, settings.address);
  return {
    url: urlOf(server, settings.address),
    async stop() {
      for (const end of streams) end();
      const closed = once(server, "close");
      server.close();
      const cancel = clock.after(STOP_MS, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

async function routesOf(
  { settings, board, registry }: StatusServerOptions,
  clock: Clock,
  momentOf: (status: Status) => StatusMoment,
): Promise<ReadonlyMap<string, Route>> {
  const { healthPath, metricsPath, intervalMs } = settings;
  if (healthPath === metricsPath) {
    throw new UserError(`HEALTH_PATH and METRICS_PATH are both ${healthPath}: give each a path of its own`);
  }
  const page = [...(await readPage())].map(([path, answer]): [string, Route] => [path, () => answer]);
  // Paths that were set go before fixed ones.
  return new Map<string, Route>([
    ...page,
    ["/api/status", () => json(200, { ...board.status, ...momentOf(board.status) })],
    ["/api/events", () => text(503, "too many streams are open", { "retry-after": "5" })],
    ["/livez", () => check(livenessOf(board.status, board.beats, clock.now(), intervalMs), "not alive")],
    ["/readyz", () => check(readinessOf(board.status), "not ready")],
    [healthPath, () => check(momentOf(board.status).reasons, "unhealthy")],
    [metricsPath, async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() })],
  ]);
}

function check(reasons: readonly HealthReason[], otherwise: string): Answer {
  return reasons.length === 0 ? json(200, { status: "ok" }) : json(503, { status: otherwise, reasons });
}

async function answerOf(request: IncomingMessage, route: Route | undefined, path: string): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "only GET and HEAD are answered", { allow: "GET, HEAD" });
  }
  if (request.method === "HEAD" && path === "/api/events")
    return { status: 200, type: "text/event-stream", body: "" };
  return (await route?.()) ?? text(404, "not found");
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(500).end(`${error instanceof Error ? error.message : String(error)}\n`);
}

async function listen(server: Server, { host, port }: { host?: string; port: number }): Promise<void> {
  try {
    server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(server, "listening");
  } catch (error) {
    const where = `${host ?? ""}:${port}`;
    const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const what = inUse
      ? "is in use"
      : `can't be listened on (${error instanceof Error ? error.message : error})`;
    throw new UserError(`ADDR: ${where} ${what}; set ADDR or --addr to another HOST:PORT`, { cause: error });
  }
}

/** The port is asked of the server: port 0 leaves it to the system. */
function urlOf(server: Server, { host, port }: { host?: string; port: number }): string {
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  if (host === undefined || host === "0.0.0.0" || host === "::") return `http://localhost:${listening}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${listening}`;
}
