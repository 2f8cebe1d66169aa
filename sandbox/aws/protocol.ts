import { randomUUID } from "node:crypto";
import type { AwsError } from "./awsError.ts";
import type { Protocol, Routed } from "./routing.ts";

/** An HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const NAMESPACE = {
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
};

/** Writes an operation's output as its protocol wants it. */
export function encodeOutput(routed: Routed, output: object): HttpAnswer {
  const requestId = randomUUID();
  if (routed.protocol !== "query") return jsonAnswer(routed.protocol, 200, requestId, output);
  const { action } = routed;
  const body = element(`${action}Response`, {
    [`${action}Result`]: output,
    ResponseMetadata: { RequestId: requestId },
  });
  return xmlAnswer(
    200,
    requestId,
    withNamespace(body, routed.service === "iam" ? NAMESPACE.iam : NAMESPACE.sts),
  );
}

/** Writes an error as the protocol wants it. */
export function encodeError(protocol: Protocol, error: AwsError): HttpAnswer {
  const requestId = randomUUID();
  if (protocol === "query") {
    const Type = error.status >= 500 ? "Receiver" : "Sender";
    const body = element("ErrorResponse", {
      Error: { Type, Code: error.code, Message: error.message },
      RequestId: requestId,
    });
    return xmlAnswer(error.status, requestId, withNamespace(body, NAMESPACE.sts));
  }
  // JSON 1.1 names the error in the body; REST-JSON in a header, and both take `message`.
  const type = protocol === "json11" ? { __type: error.code } : {};
  const answer = jsonAnswer(protocol, error.status, requestId, {
    ...type,
    ...error.members,
    message: error.message,
  });
  return { ...answer, headers: { ...answer.headers, "x-amzn-errortype": error.code } };
}

function jsonAnswer(protocol: Protocol, status: number, requestId: string, body: object): HttpAnswer {
  const contentType = protocol === "json11" ? "application/x-amz-json-1.1" : "application/json";
  return {
    status,
    headers: { "content-type": contentType, "x-amzn-requestid": requestId },
    body: JSON.stringify(body),
  };
}

function xmlAnswer(status: number, requestId: string, body: string): HttpAnswer {
  return { status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body };
}

function withNamespace(xml: string, namespace: string): string {
  return xml.replace(">", ` xmlns="${namespace}">`);
}

// Members in order; undefined ones are left out. The operations spoken here have no lists in their output.
function element(name: string, value: unknown): string {
  if (value === undefined) return "";
  const content =
    typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([member, memberValue]) => element(member, memberValue))
          .join("")
      : escapeXml(String(value));
  return `<${name}>${content}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
