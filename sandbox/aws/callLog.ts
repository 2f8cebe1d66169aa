/** One call, from its arrival on; `status` and `durationMs` come with the answer. */
export interface Call {
  /** `eks`, `sts`, `iam`, `tagging`, or `webhook` for a token review. */
  readonly service: string;
  readonly action: string;
  /** True for what changes associations or their tags. */
  readonly mutating: boolean;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly cluster?: string | undefined;
  /** ARN of the caller, where the credentials were good. */
  readonly principal?: string | undefined;
  readonly params: unknown;
  /** Arrival, milliseconds since the epoch. */
  readonly time: number;
  /** HTTP status of the answer; 0 where the connection was dropped; undefined while the call is under way. */
  readonly status?: number;
  /** Code of the error that was answered. */
  readonly error?: string;
  readonly durationMs?: number;
}

/** What the caller of {@link CallLog.begin} learns later. */
export type CallEnd = Pick<Call, "status" | "error" | "durationMs">;

interface Waiter {
  readonly match: (call: Call) => boolean;
  readonly resolve: (call: Call) => void;
}

// A daemon under test may run for hours; the log keeps the latest calls, the counter counts all.
const KEPT = 100_000;

/** Every call that arrived, in order of arrival. */
export class CallLog {
  #calls: Call[] = [];
  #mutating = 0;
  readonly #waiters = new Set<Waiter>();

  /** Records an arrival; the function returned records the answer. */
  begin(call: Call): (end: CallEnd) => void {
    const entry = { ...call };
    this.#calls.push(entry);
    if (this.#calls.length > 2 * KEPT) this.#calls = this.#calls.slice(-KEPT);
    if (call.mutating) this.#mutating += 1;
    this.#wake(entry);
    return (end) => {
      Object.assign(entry, end);
      this.#wake(entry);
    };
  }

  /** All calls, or those of one action. */
  all(action?: string): readonly Call[] {
    return action === undefined ? this.#calls : this.#calls.filter((call) => call.action === action);
  }

  /** How many calls that change something arrived since the last {@link clear}, whatever their answer. */
  get mutating(): number {
    return this.#mutating;
  }

  /** Forgets the calls and the count. */
  clear(): void {
    this.#calls = [];
    this.#mutating = 0;
  }

  /** The first call, past or to come, that matches; asked at its arrival and again when it is answered. */
  waitFor(match: (call: Call) => boolean): Promise<Call> {
    const seen = this.#calls.find(match);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve) => this.#waiters.add({ match, resolve }));
  }

  #wake(call: Call): void {
    for (const waiter of this.#waiters) {
      if (!waiter.match(call)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(call);
    }
  }
}
