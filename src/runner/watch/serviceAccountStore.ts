import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../../model/serviceAccount.ts";
import type { AnnotationKeys } from "../../plan/types.ts";

/** The ServiceAccounts of one cluster by {@link keyOf}, with the annotations that matter. */
export type ServiceAccountStore = ReadonlyMap<string, ServiceAccount>;

const NONE: ServiceAccount["annotations"] = Object.freeze({});

/**
 * A ServiceAccount with the annotations that the plan reads, and none of them where it asks for no role: clusters have
 * thousands that ask for none, with annotations of other tools that are large.
 */
export function slim({ namespace, name, annotations }: ServiceAccount, keys: AnnotationKeys): ServiceAccount {
  if (annotations[keys.roleArn] === undefined) return { namespace, name, annotations: NONE };
  const kept: Record<string, string> = {};
  for (const key of Object.values(keys)) {
    if (annotations[key] !== undefined) kept[key] = annotations[key];
  }
  return { namespace, name, annotations: kept };
}

/** The store of a whole list. */
export function storeOf(items: readonly ServiceAccount[], keys: AnnotationKeys): Map<string, ServiceAccount> {
  return new Map(items.map((item) => [keyOf(item), slim(item, keys)]));
}

/** True where the two say the same of one ServiceAccount; undefined: there is none. */
export function isSame(one: ServiceAccount | undefined, other: ServiceAccount | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const keys = Object.keys(one.annotations);
  return (
    keys.length === Object.keys(other.annotations).length &&
    keys.every((key) => one.annotations[key] === other.annotations[key])
  );
}

/** The ServiceAccounts that came, went or changed between two lists. */
export function changesBetween(
  before: ServiceAccountStore,
  after: ServiceAccountStore,
): readonly ServiceAccountRef[] {
  const gone = [...before].filter(([key]) => !after.has(key)).map(([, serviceAccount]) => serviceAccount);
  const others = [...after].filter(([key, serviceAccount]) => !isSame(before.get(key), serviceAccount));
  return [...gone, ...others.map(([, serviceAccount]) => serviceAccount)].map(({ namespace, name }) => ({
    namespace,
    name,
  }));
}
