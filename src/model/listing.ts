/**
 * The answer to "what is there?". A listing that failed or was cut short is
 * its own value, never an empty list: absence is a reason to delete only
 * where the listing is complete.
 */
export type Listing<T> =
  | { readonly state: "complete"; readonly items: readonly T[] }
  | { readonly state: "failed"; readonly reason: string };
