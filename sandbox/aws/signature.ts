import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded as sent. */
  readonly path: string;
  /** Percent-encoded as sent, without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a request says about its signature. */
export interface Signature {
  readonly accessKeyId: string;
  /** Credential scope: date (YYYYMMDD), region, service. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly value: string;
  /** YYYYMMDDTHHMMSSZ. */
  readonly amzDate: string;
  readonly sessionToken?: string | undefined;
  /** Set for a presigned URL: seconds that it is good for. */
  readonly expiresIn?: number;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Reads the Authorization header, or the query of a presigned URL; undefined where there is neither. */
export function readSignature(request: SignedRequest): Signature | undefined {
  const { authorization, "x-amz-date": amzDate, "x-amz-security-token": sessionToken } = request.headers;
  if (authorization?.startsWith(ALGORITHM)) {
    const fields = new Map(authorization.slice(ALGORITHM.length).split(",").map(splitPair));
    return scoped(
      fields.get("Credential"),
      fields.get("SignedHeaders"),
      fields.get("Signature"),
      amzDate,
      sessionToken,
    );
  }
  const query = new URLSearchParams(request.query);
  if (query.get("X-Amz-Algorithm") !== ALGORITHM) return undefined;
  const read = (name: string) => query.get(name) ?? undefined;
  const signature = scoped(
    read("X-Amz-Credential"),
    read("X-Amz-SignedHeaders"),
    read("X-Amz-Signature"),
    read("X-Amz-Date"),
    read("X-Amz-Security-Token"),
  );
  return signature && { ...signature, expiresIn: Number(read("X-Amz-Expires") ?? 0) };
}

function scoped(
  credential: string | undefined,
  signedHeaders: string | undefined,
  value: string | undefined,
  amzDate: string | undefined,
  sessionToken: string | undefined,
): Signature | undefined {
  const [accessKeyId, date, region, service] = credential?.split("/") ?? [];
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !value || !amzDate) return undefined;
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders: signedHeaders.split(";"),
    value,
    amzDate,
    sessionToken,
  };
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** When the request was signed, in milliseconds since the epoch; NaN where the date is none. */
export function signedAt(signature: Signature): number {
  return Date.parse(
    signature.amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}

/**
 * Whether `secret` made the signature ("Create a signed AWS API request", IAM
 * User Guide). Computed here and not by a signing library: a mistake shared
 * with the client's library would go unseen.
 */
export function signatureMatches(request: SignedRequest, signature: Signature, secret: string): boolean {
  const scope = `${signature.date}/${signature.region}/${signature.service}/aws4_request`;
  const toSign = [ALGORITHM, signature.amzDate, scope, sha256(canonicalRequest(request, signature))].join(
    "\n",
  );
  const parts = [signature.date, signature.region, signature.service, "aws4_request"];
  const key = parts.reduce((previous: string | Buffer, part) => hmac(previous, part), `AWS4${secret}`);
  const expected = hmac(key, toSign);
  const given = Buffer.from(signature.value, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function canonicalRequest(request: SignedRequest, signature: Signature): string {
  const headers = signature.signedHeaders.map((name) => `${name}:${collapse(request.headers[name] ?? "")}\n`);
  return [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    headers.join(""),
    signature.signedHeaders.join(";"),
    sha256(request.body),
  ].join("\n");
}

// Every service but S3 encodes the path as sent once more.
function canonicalPath(path: string): string {
  return path.split("/").map(encode).join("/");
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      const [name, value] = at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const;
    })
    .filter(([name]) => name !== "X-Amz-Signature");
  return pairs
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function collapse(value: string): string {
  return value.trim().replace(/\s+/g, " ");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
