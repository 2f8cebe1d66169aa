import { z } from "zod";
import { behaviourSchema } from "./behaviour.ts";
import { faultSchema } from "./faults.ts";
import type { HttpAnswer } from "./protocol.ts";
import type { SignedRequest } from "./signature.ts";
import type { AwsSimulator } from "./simulator.ts";

/** Where other programs set and read what tests do in process. */
export const CONTROL_PATH = "/_sandbox/";

type Handler = (simulator: AwsSimulator, body: unknown, query: URLSearchParams) => unknown;

const clusterQuery = z.object({ account: z.string(), region: z.string(), cluster: z.string() });

const HANDLERS: Readonly<Record<string, Handler>> = {
  "GET calls": ({ calls }, _body, query) => ({
    mutating: calls.mutating,
    calls: calls.all(query.get("action") ?? undefined),
  }),
  "DELETE calls": ({ calls }) => calls.clear(),
  "GET behaviour": ({ behaviour }) => behaviour,
  "PATCH behaviour": (simulator, body) => {
    const changes = z.record(z.string(), z.unknown()).parse(body);
    simulator.configure(behaviourSchema.parse({ ...simulator.behaviour, ...changes }));
    return simulator.behaviour;
  },
  "GET faults": ({ faults }) => faults.pending,
  "POST faults": ({ faults }, body) => {
    faults.inject(faultSchema.parse(body));
    return faults.pending;
  },
  "DELETE faults": ({ faults }) => faults.clear(),
  "POST release": ({ faults }) => faults.release(),
  "POST settle": ({ world }) => world.settle(),
  "GET clusters": ({ world }) => world.allClusters(),
  "GET associations": ({ world }, _body, query) => {
    const { account, region, cluster } = clusterQuery.parse(Object.fromEntries(query));
    const ref = { account, region, name: cluster };
    return world.cluster(ref) === undefined ? [] : world.associations(ref);
  },
};

/** Answers a request under {@link CONTROL_PATH}: JSON in, JSON out; 204 where there is nothing to say. */
export function control(simulator: AwsSimulator, request: SignedRequest): HttpAnswer {
  const what = `${request.method} ${request.path.slice(CONTROL_PATH.length)}`;
  const handler = HANDLERS[what];
  if (handler === undefined)
    return json(404, { error: `no ${what}; there are: ${Object.keys(HANDLERS).join(", ")}` });
  try {
    const body: unknown = request.body === "" ? {} : JSON.parse(request.body);
    const output = handler(simulator, body, new URLSearchParams(request.query));
    return output === undefined ? { status: 204, headers: {}, body: "" } : json(200, output);
  } catch (error) {
    if (error instanceof z.ZodError) return json(400, { error: z.prettifyError(error) });
    if (error instanceof SyntaxError) return json(400, { error: `the body is not JSON: ${error.message}` });
    throw error;
  }
}

function json(status: number, body: unknown): HttpAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
