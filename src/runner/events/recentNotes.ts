/**
 * What was last said under each key, so that it is not said again. The keys that were longest not asked for are
 * forgotten when there are too many: at worst, something is said twice.
 */
export class RecentNotes {
  readonly #said = new Map<string, string>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** True where this was not the last thing said under the key; it is now. */
  isNew(key: string, text: string): boolean {
    const before = this.#said.get(key);
    // A Map keeps the order of insertion: what is used moves to the end.
    this.#said.delete(key);
    this.#said.set(key, text);
    const [oldest] = this.#said.keys();
    if (this.#said.size > this.#capacity && oldest !== undefined) this.#said.delete(oldest);
    return before !== text;
  }

  /** The next thing under the key is new. */
  forget(key: string): void {
    this.#said.delete(key);
  }

  /** Forgets all keys but these. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#said.keys()) if (!keys.has(key)) this.#said.delete(key);
  }
}
