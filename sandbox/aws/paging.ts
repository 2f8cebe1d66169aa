/** A listed thing and its place in the listing: places only grow, and are never given twice. */
export interface Placed {
  readonly place: number;
}

/** An opaque token for the page after `cursor` of the listing `listing`. */
export function pageToken(listing: string, cursor: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([listing, ...cursor])).toString("base64url");
}

/** The cursor of a token made by {@link pageToken} for the same listing, or undefined where it is none. */
export function cursorOf(listing: string, token: string): readonly (string | number)[] | undefined {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (!Array.isArray(decoded) || decoded[0] !== listing) return undefined;
    return decoded.slice(1);
  } catch {
    return undefined; // not JSON: a token that we did not make
  }
}

/** Index of the first item placed after `place`, by bisection. */
export function indexAfter(items: readonly Placed[], place: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.place ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A page of a listing, and whether there is more after it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

/** The first `size` of the `items` to keep; takes no more from the source than it needs. */
export function firstPage<T>(items: Iterable<T>, size: number, isKept: (item: T) => boolean): Page<T> {
  const page: T[] = [];
  for (const item of items) {
    if (!isKept(item)) continue;
    if (page.length === size) return { items: page, more: true };
    page.push(item);
  }
  return { items: page, more: false };
}
