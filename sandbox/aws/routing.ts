import { AwsError, type Service } from "./awsError.ts";
import type { SignedRequest } from "./signature.ts";

/** How requests and answers are written. */
export type Protocol = "restJson" | "json11" | "query";

/** What a request asks for. */
export interface Routed {
  readonly service: Service;
  readonly protocol: Protocol;
  readonly action: string;
  /** The operation's input, not yet validated. */
  readonly input: Readonly<Record<string, unknown>>;
}

// The paths and methods of the EKS model (`http` traits); `:name` is a label.
const EKS_ROUTES: readonly (readonly [method: string, path: string, action: string])[] = [
  ["GET", "/clusters", "ListClusters"],
  ["GET", "/clusters/:name", "DescribeCluster"],
  ["POST", "/clusters/:clusterName/pod-identity-associations", "CreatePodIdentityAssociation"],
  ["GET", "/clusters/:clusterName/pod-identity-associations", "ListPodIdentityAssociations"],
  [
    "GET",
    "/clusters/:clusterName/pod-identity-associations/:associationId",
    "DescribePodIdentityAssociation",
  ],
  ["POST", "/clusters/:clusterName/pod-identity-associations/:associationId", "UpdatePodIdentityAssociation"],
  [
    "DELETE",
    "/clusters/:clusterName/pod-identity-associations/:associationId",
    "DeletePodIdentityAssociation",
  ],
  ["GET", "/tags/:resourceArn", "ListTagsForResource"],
  ["POST", "/tags/:resourceArn", "TagResource"],
  ["DELETE", "/tags/:resourceArn", "UntagResource"],
];

const TAGGING_TARGET = "ResourceGroupsTaggingAPI_20170126.";

/** Tells by header, form and path which operation of which service is meant. Throws {@link AwsError} where it is none. */
export function route(request: SignedRequest, signedFor: string | undefined): Routed {
  const target = request.headers["x-amz-target"];
  if (target !== undefined) {
    if (!target.startsWith(TAGGING_TARGET)) throw unknownOperation(target);
    return {
      service: "tagging",
      protocol: "json11",
      action: target.slice(TAGGING_TARGET.length),
      input: jsonBody(request),
    };
  }
  return routeQuery(request, signedFor) ?? routeEks(request);
}

function routeQuery(request: SignedRequest, signedFor: string | undefined): Routed | undefined {
  const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  const form = Object.fromEntries(
    new URLSearchParams(isForm && request.body !== "" ? request.body : request.query),
  );
  const { Action: action, Version: _version, ...input } = form;
  if (action === undefined) return undefined;
  return { service: signedFor === "iam" ? "iam" : "sts", protocol: "query", action, input };
}

function routeEks(request: SignedRequest): Routed {
  for (const [method, path, action] of EKS_ROUTES) {
    const labels = method === request.method ? matchPath(path, request.path) : undefined;
    if (labels === undefined) continue;
    const input = { ...jsonBody(request), ...queryParameters(request.query), ...labels };
    return { service: "eks", protocol: "restJson", action, input };
  }
  throw unknownOperation(`${request.method} ${request.path}`);
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.replace(/\/$/, "").split("/");
  // Some clients leave the slash of an ARN in its label unencoded.
  if (wanted[1] === "tags" && given.length > wanted.length)
    given.splice(2, given.length, given.slice(2).join("/"));
  if (wanted.length !== given.length) return undefined;
  const labels: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) labels[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return labels;
}

// A parameter given several times is a list; `tagKeys` is one even if given once.
function queryParameters(query: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(query);
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length > 1 || name === "tagKeys" ? values : (values[0] ?? "")];
    }),
  );
}

function jsonBody(request: SignedRequest): Record<string, unknown> {
  if (request.body === "") return {};
  try {
    const body: unknown = JSON.parse(request.body);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return { ...body };
  } catch {
    // answered below
  }
  throw new AwsError("SerializationException", "The request's body is not a JSON object.");
}

function unknownOperation(what: string): AwsError {
  return new AwsError("UnknownOperationException", `The simulator does not know ${what}.`);
}
