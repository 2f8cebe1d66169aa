import { ApiException, type KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { kubernetesError } from "./errors.ts";
import { openRequest, serverOf } from "./request.ts";

/** What a watch says. `resourceVersion` is where a later watch goes on. */
export type ServiceAccountEvent = { readonly resourceVersion: string } & (
  | { readonly type: "set" | "deleted"; readonly serviceAccount: ServiceAccount }
  /** Nothing happened, but the version moved on: a later watch need not begin at one that is forgotten. */
  | { readonly type: "bookmark" }
);

/** A watch that can't go on from its version, because the API server forgot it or the events can't be trusted: list anew. */
export class RelistError extends UserError {
  override name = "RelistError";
}

/** Where a watch begins, and how long. */
export interface WatchRange {
  readonly resourceVersion: string;
  /** The API server ends the watch after so long, in good order. */
  readonly timeoutSeconds: number;
}

/**
 * Opens a watch on all ServiceAccounts; the events end when the API server ends the watch.
 * Opening and reading throw RelistError where a new list is needed, else UserError: the watch may be opened again.
 *
 * Not the client's own `Watch`: that one drops events that it can't read, and the API server's words with an error.
 */
export async function watchServiceAccounts(
  config: KubeConfig,
  { resourceVersion, timeoutSeconds }: WatchRange,
  signal: AbortSignal,
): Promise<AsyncIterable<ServiceAccountEvent>> {
  const server = serverOf(config);
  const query = new URLSearchParams({
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  });
  try {
    const path = `/api/v1/serviceaccounts?${query}`;
    const stream = await openRequest(config, { method: "GET", path, signal });
    stream.setEncoding("utf8");
    return eventsOf(stream, server);
  } catch (error) {
    throw watchError(server, error);
  }
}

async function* eventsOf(
  stream: AsyncIterable<string>,
  server: string,
): AsyncGenerator<ServiceAccountEvent, void> {
  try {
    for await (const line of lines(stream)) yield readEvent(line, server);
  } catch (error) {
    throw watchError(server, error);
  }
}

/** The whole lines of a text that comes in pieces. A last one without its end was cut off, and is not told. */
async function* lines(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const piece of pieces) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
}

const metadata = z.object({
  namespace: z.string().min(1),
  name: z.string().min(1),
  annotations: z.record(z.string(), z.string()).default({}),
  resourceVersion: z.string().min(1),
});
const bookmarkMetadata = metadata.pick({ resourceVersion: true });

const eventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["ADDED", "MODIFIED", "DELETED"]), object: z.object({ metadata }) }),
  z.object({ type: z.literal("BOOKMARK"), object: z.object({ metadata: bookmarkMetadata }) }),
  z.object({
    type: z.literal("ERROR"),
    object: z.looseObject({ code: z.number().default(500), message: z.string().default("") }),
  }),
]);

function readEvent(line: string, server: string): ServiceAccountEvent {
  const { type, object } = parseEvent(line, server);
  if (type === "ERROR") {
    // Mostly "410 too old resource version"; after another one client-go lists anew, too.
    throw new RelistError(`watch serviceaccounts at ${server}: ${object.code} ${object.message}`);
  }
  const { resourceVersion } = object.metadata;
  if (type === "BOOKMARK") return { type: "bookmark", resourceVersion };
  const { namespace, name, annotations } = object.metadata;
  const serviceAccount = { namespace, name, annotations };
  return { type: type === "DELETED" ? "deleted" : "set", serviceAccount, resourceVersion };
}

function parseEvent(line: string, server: string): z.output<typeof eventSchema> {
  try {
    return eventSchema.parse(JSON.parse(line));
  } catch (error) {
    throw new RelistError(`watch serviceaccounts at ${server}: an event can't be read`, { cause: error });
  }
}

function watchError(server: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const said = kubernetesError("watch serviceaccounts", server, error);
  // The advice for a list that fails so is not the one for a watch: the caller lists anew by itself.
  const expired = error instanceof ApiException && error.code === 410;
  return expired ? new RelistError(said.message.split(";")[0] ?? "", { cause: error }) : said;
}
