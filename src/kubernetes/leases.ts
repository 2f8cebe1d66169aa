import { ApiException, type KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import { UserError } from "../model/userError.ts";
import { kubernetesError } from "./errors.ts";
import { requestJson, serverOf } from "./request.ts";
import type { ReusedKubeConfig } from "./reusedKubeConfig.ts";

/** What a Lease says (coordination.k8s.io/v1 LeaseSpec). */
export interface LeaseRecord {
  /** "": nobody, it was released. */
  readonly holder: string;
  readonly durationMs: number;
  /** When the holder got it, and when it last renewed it, by the holder's clock: only ever compared for equality. */
  readonly acquireTime: string;
  readonly renewTime: string;
  /** How often it changed hands. */
  readonly transitions: number;
}

/** A Lease as the API server holds it: what it says, and the whole object, whose version a write must name. */
export interface StoredLease {
  readonly record: LeaseRecord;
  readonly object: LeaseObject;
}

const leaseObject = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().min(1) }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});
type LeaseObject = z.output<typeof leaseObject>;

/** Where one Lease is kept. */
export interface LeaseStore {
  /** The Lease; undefined where there is none. Throws UserError. */
  read(signal: AbortSignal): Promise<StoredLease | undefined>;
  /**
   * Writes the record, unless the Lease is not as it was read: undefined then. Throws UserError.
   * @param before as it was read; undefined: there was none, and it is created
   */
  write(
    record: LeaseRecord,
    before: StoredLease | undefined,
    signal: AbortSignal,
  ): Promise<StoredLease | undefined>;
}

/** The Lease's place, and who asks for it. */
export interface LeasePlace {
  readonly config: ReusedKubeConfig;
  readonly namespace: string;
  readonly name: string;
}

/** The Lease at an API server. */
export function kubernetesLease(place: LeasePlace): LeaseStore {
  return {
    read: (signal) => readLease(place, signal),
    write: (record, before, signal) => writeLease(place, record, before, signal),
  };
}

async function readLease(place: LeasePlace, signal: AbortSignal): Promise<StoredLease | undefined> {
  return send(place, "get", async (config) => {
    try {
      return stored(await requestJson(config, { method: "GET", path: itemOf(place), signal }));
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return undefined;
      throw error;
    }
  });
}

async function writeLease(
  place: LeasePlace,
  record: LeaseRecord,
  before: StoredLease | undefined,
  signal: AbortSignal,
): Promise<StoredLease | undefined> {
  const { namespace, name } = place;
  const body = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: before?.object.metadata ?? { namespace, name },
    // What others wrote into it stays.
    spec: { ...before?.object.spec, ...specOf(record) },
  };
  const request =
    before === undefined
      ? { method: "POST" as const, path: collectionOf(place), body, signal }
      : { method: "PUT" as const, path: itemOf(place), body, signal };
  return send(place, before === undefined ? "create" : "update", async (config) => {
    try {
      return stored(await requestJson(config, request));
    } catch (error) {
      // 409: somebody else wrote or created it; 404: it was deleted.
      if (error instanceof ApiException && error.code === 409) return undefined;
      if (error instanceof ApiException && error.code === 404 && before !== undefined) return undefined;
      throw error;
    }
  });
}

async function send<T>(place: LeasePlace, verb: string, run: (config: KubeConfig) => Promise<T>): Promise<T> {
  const config = await place.config.get();
  try {
    return await run(config);
  } catch (error) {
    place.config.drop();
    if (error instanceof UserError) throw error;
    const call = `${verb} lease ${place.namespace}/${place.name}`;
    const rights = `get, create and update on leases in namespace ${place.namespace}`;
    throw kubernetesError(call, serverOf(config), error, rights);
  }
}

function stored(answer: unknown): StoredLease {
  const object = leaseObject.safeParse(answer);
  if (!object.success) throw new Error("the answer is not a Lease");
  const { spec } = object.data;
  const record = {
    holder: spec.holderIdentity ?? "",
    durationMs: (spec.leaseDurationSeconds ?? 0) * 1000,
    acquireTime: spec.acquireTime ?? "",
    renewTime: spec.renewTime ?? "",
    transitions: spec.leaseTransitions ?? 0,
  };
  return { record, object: object.data };
}

function specOf(record: LeaseRecord): object {
  return {
    holderIdentity: record.holder,
    leaseDurationSeconds: record.durationMs / 1000,
    // A Lease that nobody ever held has no times, and an empty one is not taken.
    ...(record.acquireTime === "" ? {} : { acquireTime: record.acquireTime }),
    renewTime: record.renewTime,
    leaseTransitions: record.transitions,
  };
}

function collectionOf({ namespace }: LeasePlace): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
}

function itemOf(place: LeasePlace): string {
  return `${collectionOf(place)}/${encodeURIComponent(place.name)}`;
}

/** A time as Lease fields have it (MicroTime): six digits of the second's fraction. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
