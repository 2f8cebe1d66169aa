import { z } from "zod";

const effect = z.discriminatedUnion("kind", [
  /** Answers with an error of the service's model; `applied`: the call has taken effect all the same. */
  z.strictObject({
    kind: z.literal("error"),
    code: z.string(),
    message: z.string().optional(),
    status: z.number().int().optional(),
    applied: z.boolean().default(false),
  }),
  /** Does not answer until `release` or the simulator's end; then the connection is dropped. */
  z.strictObject({ kind: z.literal("hang") }),
  /** Closes the connection without an answer; `applied`: after the call took effect. */
  z.strictObject({ kind: z.literal("drop"), applied: z.boolean().default(false) }),
  /** Answers the page of a listing with its first `items` entries only, as if it were the last page. */
  z.strictObject({ kind: z.literal("cut"), items: z.number().int().nonnegative() }),
]);

/** A fault to inject: which calls it hits (all that is given must match), how many of them, and what happens. */
export const faultSchema = z.strictObject({
  /** The action's name, or `*`. */
  action: z.string(),
  account: z.string().optional(),
  region: z.string().optional(),
  cluster: z.string().optional(),
  /** How many calls it hits before it is used up. */
  times: z.union([z.number().int().positive(), z.literal("always")]).default(1),
  effect,
});

/** A fault as a caller writes it, with the defaults left out. */
export type FaultInput = z.input<typeof faultSchema>;
/** A fault that is still to hit `times` calls. */
export type Fault = z.infer<typeof faultSchema>;
/** What a fault does to a call. */
export type FaultEffect = Fault["effect"];

/** The traits of a call by which faults are chosen. */
export interface FaultTarget {
  readonly action: string;
  readonly account: string;
  readonly region: string;
  readonly cluster?: string | undefined;
}

/** The faults that wait for their calls, oldest first. */
export class Faults {
  #pending: Fault[] = [];
  readonly #hanging = new Set<() => void>();

  /** Adds a fault. */
  inject(fault: FaultInput): void {
    this.#pending.push(faultSchema.parse(fault));
  }

  /** The faults not used up yet. */
  get pending(): readonly Fault[] {
    return this.#pending;
  }

  /** Forgets all faults; calls that hang go on hanging (see {@link release}). */
  clear(): void {
    this.#pending = [];
  }

  /** The effect of the oldest fault that matches, which is then used up by one call. */
  take(target: FaultTarget): FaultEffect | undefined {
    const fault = this.#pending.find((candidate) => matches(candidate, target));
    if (fault === undefined) return undefined;
    if (fault.times !== "always") {
      fault.times -= 1;
      if (fault.times === 0) this.#pending = this.#pending.filter((candidate) => candidate !== fault);
    }
    return fault.effect;
  }

  /** Waits as a hanging call does: until {@link release}. */
  hang(): Promise<void> {
    return new Promise((resolve) => this.#hanging.add(resolve));
  }

  /** Ends all calls that hang: their connections are dropped. */
  release(): void {
    for (const resolve of this.#hanging) resolve();
    this.#hanging.clear();
  }
}

function matches(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.action === "*" || fault.action === target.action) &&
    (fault.account === undefined || fault.account === target.account) &&
    (fault.region === undefined || fault.region === target.region) &&
    (fault.cluster === undefined || fault.cluster === target.cluster)
  );
}
