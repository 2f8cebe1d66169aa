import { randomBytes } from "node:crypto";
import { ApiException, type KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import { keyOf, type ServiceAccountRef } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { kubernetesError, statusOf } from "./errors.ts";
import { requestJson, serverOf } from "./request.ts";

/** What `kubectl describe serviceaccount` is to show. */
export interface ServiceAccountNote {
  readonly type: "Normal" | "Warning";
  /** One word, in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** The API server lets nobody write Events with these credentials. */
export class EventsForbiddenError extends UserError {
  override name = "EventsForbiddenError";
}

/** The program's name, as Events give it. */
const COMPONENT = "pod-identity-sync";
/** As events.k8s.io limits a note; a list of Events stays readable. */
const MESSAGE_LENGTH = 1024;
/** A name takes 253 characters, and the suffix is 17. */
const NAME_LENGTH = 236;

const identified = z.object({ metadata: z.object({ uid: z.string().min(1) }) });

/**
 * Writes an Event on a ServiceAccount, if that is still there. Throws EventsForbiddenError where RBAC does not allow
 * it, else UserError.
 *
 * The Event is of core/v1: its `lastTimestamp`, by which kubectl's users sort, can't be set through events.k8s.io/v1;
 * the API server keeps both in the same place.
 * @param at milliseconds since the epoch
 */
export async function writeServiceAccountEvent(
  config: KubeConfig,
  ref: ServiceAccountRef,
  note: ServiceAccountNote & { readonly at: number },
  signal: AbortSignal,
): Promise<void> {
  const namespace = `/api/v1/namespaces/${encodeURIComponent(ref.namespace)}`;
  const call = `create event on serviceaccount ${keyOf(ref)}`;
  try {
    const path = `${namespace}/serviceaccounts/${encodeURIComponent(ref.name)}`;
    const answer = identified.parse(await requestJson(config, { method: "GET", path, signal }));
    const body = eventOf(ref, answer.metadata.uid, note);
    await requestJson(config, { method: "POST", path: `${namespace}/events`, body, signal });
  } catch (error) {
    if (isGone(error)) return;
    const said = kubernetesError(
      call,
      serverOf(config),
      error,
      "create on events and get on serviceaccounts",
    );
    const forbidden = error instanceof ApiException && error.code === 403;
    throw forbidden ? new EventsForbiddenError(said.message, { cause: error }) : said;
  }
}

function eventOf(ref: ServiceAccountRef, uid: string, note: ServiceAccountNote & { at: number }): object {
  const { namespace, name } = ref;
  const time = new Date(note.at).toISOString();
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { namespace, name: `${name.slice(0, NAME_LENGTH)}.${randomBytes(8).toString("hex")}` },
    involvedObject: { apiVersion: "v1", kind: "ServiceAccount", namespace, name, uid },
    type: note.type,
    reason: note.reason,
    message: shortened(note.message),
    source: { component: COMPONENT },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

function shortened(message: string): string {
  return message.length <= MESSAGE_LENGTH ? message : `${message.slice(0, MESSAGE_LENGTH - 1)}…`;
}

const terminating = z.looseObject({
  details: z.looseObject({ causes: z.array(z.looseObject({ reason: z.literal("NamespaceTerminating") })) }),
});

/** True where the ServiceAccount is gone, or its namespace is going: that answer is a 403 that no right would change. */
function isGone(error: unknown): boolean {
  if (!(error instanceof ApiException)) return false;
  return error.code === 404 || (error.code === 403 && terminating.safeParse(statusOf(error.body)).success);
}
