import { setTimeout as delay } from "node:timers/promises";
import { authenticate, type Caller } from "./authenticate.ts";
import { AwsError, commonError, type Service } from "./awsError.ts";
import { type Behaviour, forAction } from "./behaviour.ts";
import type { CallLog } from "./callLog.ts";
import { eksAssociationOperations } from "./eksAssociations.ts";
import { eksClusterOperations } from "./eksClusters.ts";
import { eksTagOperations, parseEksArn } from "./eksTags.ts";
import type { FaultEffect, Faults } from "./faults.ts";
import { iamOperations } from "./iam.ts";
import type { Operation } from "./operation.ts";
import { encodeError, encodeOutput, type HttpAnswer } from "./protocol.ts";
import { type Routed, route } from "./routing.ts";
import { readSignature, type SignedRequest } from "./signature.ts";
import { stsOperations } from "./sts.ts";
import { taggingOperations } from "./tagging.ts";
import { TokenBuckets } from "./throttle.ts";
import type { World } from "./world.ts";

/** What the calls of all services share. */
export interface GatewayParts {
  readonly world: World;
  readonly behaviour: Behaviour;
  readonly faults: Faults;
  readonly calls: CallLog;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An answer, or the end of the connection without one. */
export type GatewayAnswer = HttpAnswer | "drop";

/** The one door of all services: tells requests apart, checks who calls, applies behaviour and faults, answers. */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #buckets = new TokenBuckets();
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#operations = new Map([
      ...named("eks", { ...eksClusterOperations, ...eksAssociationOperations(), ...eksTagOperations }),
      ...named("sts", stsOperations),
      ...named("iam", iamOperations),
      ...named("tagging", taggingOperations),
    ]);
  }

  /** Answers one request. */
  async answer(request: SignedRequest): Promise<GatewayAnswer> {
    const arrived = this.#parts.now();
    const signature = readSignature(request);
    const routed = attempt(() => route(request, signature?.service));
    if (routed instanceof AwsError) return encodeError("restJson", routed);
    const operation = this.#operations.get(`${routed.service}:${routed.action}`);
    const account = signature && this.#parts.world.principal(signature.accessKeyId)?.account;
    const caller = attempt(() => authenticate(request, routed.service, this.#parts.world, arrived));
    const end = this.#parts.calls.begin({
      service: routed.service,
      action: routed.action,
      mutating: operation?.mutating ?? false,
      account,
      region: signature?.region,
      cluster: clusterOf(routed),
      principal: caller instanceof AwsError ? undefined : caller.principal.arn,
      params: routed.input,
      time: arrived,
    });
    const outcome = caller instanceof AwsError ? caller : await this.#perform(routed, operation, caller);
    const durationMs = this.#parts.now() - arrived;
    if (outcome === "drop") {
      end({ status: 0, durationMs });
      return "drop";
    }
    if (outcome instanceof AwsError) {
      end({ status: outcome.status, error: outcome.code, durationMs });
      return encodeError(routed.protocol, outcome);
    }
    end({ status: 200, durationMs });
    return encodeOutput(routed, outcome);
  }

  async #perform(
    routed: Routed,
    operation: Operation | undefined,
    caller: Caller,
  ): Promise<object | AwsError | "drop"> {
    const { behaviour, faults } = this.#parts;
    const { action, service } = routed;
    if (operation === undefined)
      return new AwsError("UnknownOperationException", `The simulator does not know ${service}:${action}.`);
    const delayMs = forAction(behaviour.delaysMs, action) ?? 0;
    if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
    const refusal = this.#throttled(routed, caller) ?? this.#denied(routed, caller);
    if (refusal !== undefined) return refusal;
    const { principal, region } = caller;
    const effect = faults.take({ action, region, account: principal.account, cluster: clusterOf(routed) });
    if (effect?.kind === "hang") {
      await faults.hang();
      return "drop";
    }
    const isApplied = effect === undefined || effect.kind === "cut" || effect.applied;
    const output = isApplied
      ? attempt(() => operation.run(routed.input, { ...caller, ...this.#parts, now: this.#parts.now() }))
      : {};
    return affected(output, effect);
  }

  #throttled({ action, service }: Routed, { principal, region }: Caller): AwsError | undefined {
    const limit = forAction(this.#parts.behaviour.limits, action);
    if (limit === undefined) return undefined;
    const key = `${principal.account}/${region}/${action}`;
    if (this.#buckets.take(key, limit, this.#parts.now())) return undefined;
    return commonError("throttled", service, service === "eks" ? "Too Many Requests" : "Rate exceeded");
  }

  #denied({ action, service }: Routed, { principal }: Caller): AwsError | undefined {
    const names = ["*", principal.arn, principal.session?.roleArn];
    const isDenied = this.#parts.behaviour.denials.some(
      (rule) => names.includes(rule.principal) && (rule.action === "*" || rule.action === action),
    );
    if (!isDenied) return undefined;
    const prefix = service === "tagging" ? "tag" : service;
    return commonError(
      "denied",
      service,
      `User: ${principal.arn} is not authorized to perform: ${prefix}:${action} with an explicit deny`,
    );
  }
}

function named(
  service: Service,
  operations: Readonly<Record<string, Operation>>,
): readonly [string, Operation][] {
  return Object.entries(operations).map(([action, operation]) => [`${service}:${action}`, operation]);
}

/** The result, or the AwsError or malformed percent-encoding it ended with; other errors are the simulator's own and go on. */
function attempt<T>(run: () => T): T | AwsError {
  try {
    return run();
  } catch (error) {
    if (error instanceof AwsError) return error;
    if (error instanceof URIError) return new AwsError("MalformedQueryString", error.message);
    throw error;
  }
}

function affected(
  output: object | AwsError,
  effect: Exclude<FaultEffect, { kind: "hang" }> | undefined,
): object | AwsError | "drop" {
  switch (effect?.kind) {
    case undefined:
      return output;
    case "drop":
      return "drop";
    case "error":
      return new AwsError(effect.code, effect.message ?? "injected fault", {}, effect.status);
    case "cut":
      return output instanceof AwsError ? output : cut(output, effect.items);
  }
}

// The members that hold a list or lead to its next page, in the listings spoken here.
const LISTS = ["clusters", "associations", "ResourceTagMappingList"];

function cut(output: object, items: number): object {
  const members = Object.entries(output).filter(
    ([name]) => name !== "nextToken" && name !== "PaginationToken",
  );
  return Object.fromEntries(
    members.map(([name, value]) => [
      name,
      LISTS.includes(name) && Array.isArray(value) ? value.slice(0, items) : value,
    ]),
  );
}

function clusterOf({ service, input }: Routed): string | undefined {
  if (service !== "eks") return undefined;
  const { clusterName, name, resourceArn } = input;
  if (typeof resourceArn === "string") return parseEksArn(resourceArn)?.cluster;
  const cluster = clusterName ?? name;
  return typeof cluster === "string" ? cluster : undefined;
}
