import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** An HTTP answer before it is packed. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: OutgoingHttpHeaders;
}

/**
 * Headers of every answer. The page loads its own files and nothing else, may
 * not be framed, and can make no HTML from text.
 */
export const SECURITY_HEADERS: OutgoingHttpHeaders = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};

/** A JSON answer. */
export function json(status: number, value: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

/** A line of text. */
export function text(status: number, line: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${line}\n`, headers };
}

const compress = promisify(gzip);
/** Shorter ones fit one packet as they are. */
const COMPRESSED_FROM = 1024;

/** Sends the answer, packed where that is worth it; to HEAD without its body. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, headers }: Answer,
): Promise<void> {
  const packed = body.length >= COMPRESSED_FROM && acceptsGzip(request);
  const content = packed ? await compress(body) : Buffer.from(body);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...headers,
    "content-type": type,
    "content-length": content.length,
    vary: "accept-encoding",
    ...(packed ? { "content-encoding": "gzip" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : content);
}

/** True where the client takes gzip. */
export function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers["accept-encoding"] ?? "";
  return String(accepted)
    .split(",")
    .some((item) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(item));
}
