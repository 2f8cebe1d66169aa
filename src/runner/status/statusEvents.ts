import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { constants, createGzip } from "node:zlib";
import type { Clock } from "../clock.ts";
import { acceptsGzip, SECURITY_HEADERS } from "./answer.ts";
import type { Status } from "./status.ts";
import type { StatusBoard } from "./statusBoard.ts";
import { deltaOf, type StatusMoment } from "./statusDocument.ts";

/** A client hears of changes at most this often: twice a second. */
const SHORTEST_GAP_MS = 500;
/** And of nothing at least this often, which shows that the connection lives, and lets health change with time alone. */
const LONGEST_GAP_MS = 5_000;

/** What a stream of events tells. */
export interface StatusEventsOptions {
  readonly board: StatusBoard;
  readonly momentOf: (status: Status) => StatusMoment;
  readonly clock: Clock;
}

/**
 * Answers with Server-Sent Events: `status`, the whole document, then `delta`
 * after `delta`. A slow client gets fewer and larger ones, never a queue.
 *
 * @returns ends the stream
 */
export function streamStatus(
  request: IncomingMessage,
  response: ServerResponse,
  { board, momentOf, clock }: StatusEventsOptions,
): () => void {
  const out = openStream(request, response);
  let sent: Status | undefined;
  let sentAt = 0;
  let cancel = () => {};

  const sendNow = () => {
    const { status } = board;
    const moment = momentOf(status);
    const [event, data] =
      sent === undefined ? ["status", { ...status, ...moment }] : ["delta", deltaOf(sent, status, moment)];
    sent = status;
    sentAt = clock.steady();
    out.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    wait();
  };
  const wait = () => {
    cancel();
    // What is not taken off our hands yet is followed up when it is.
    if (out.writableNeedDrain) return;
    const gap = sent === board.status ? LONGEST_GAP_MS : SHORTEST_GAP_MS;
    cancel = clock.after(Math.max(0, sentAt + gap - clock.steady()), sendNow);
  };
  const unsubscribe = board.subscribe(wait);
  const quiet = () => {
    cancel();
    unsubscribe();
    out.off("drain", wait);
  };
  out.on("drain", wait);
  response.on("close", () => {
    quiet();
    if (out !== response) out.destroy();
  });
  sendNow();
  return () => {
    quiet();
    out.end();
  };
}

function openStream(request: IncomingMessage, response: ServerResponse): Writable {
  const packed = acceptsGzip(request);
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    "content-type": "text/event-stream; charset=utf-8",
    // A proxy that buffers would hold events back.
    "x-accel-buffering": "no",
    connection: "close",
    vary: "accept-encoding",
    ...(packed ? { "content-encoding": "gzip" } : {}),
  });
  if (!packed) return response;
  // Each event is flushed as it is written.
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  gzip.pipe(response);
  return gzip;
}
