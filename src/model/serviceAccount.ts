/** A ServiceAccount's place in its cluster. */
export interface ServiceAccountRef {
  readonly namespace: string;
  /** metadata.name of the ServiceAccount. */
  readonly name: string;
}

/** A live ServiceAccount, as far as it matters here. */
export interface ServiceAccount extends ServiceAccountRef {
  readonly annotations: Readonly<Record<string, string>>;
}

/** `namespace/name`: how people and kubectl write a ServiceAccount, and the key that joins it to its association. */
export function keyOf(ref: ServiceAccountRef): string {
  return `${ref.namespace}/${ref.name}`;
}
