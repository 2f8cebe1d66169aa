import { createHash } from "node:crypto";
import { clusterKey } from "../../model/cluster.ts";
import { keyOf } from "../../model/serviceAccount.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import type { RecordedCluster } from "../../program/state.ts";
import type { Clock } from "../clock.ts";
import type { RunnerObserver, Trigger, UpdateStart } from "../types.ts";
import type { EngineEnd, StackEngine } from "./engine.ts";
import { countChanges, type Outcome, outcomesOf } from "./outcomes.ts";
import { recordedAfter } from "./recordedAfter.ts";
import type { Touched } from "./touched.ts";

/** What an update is asked for. */
export interface UpdateRequest {
  readonly trigger: Trigger;
  /** Every cluster, for a full update; absent: only what is touched. */
  readonly full?: readonly PlannedCluster[];
  readonly touched: Touched | undefined;
  /** What the state held when this was planned, by cluster key. */
  readonly recorded: ReadonlyMap<string, RecordedCluster>;
  /** When the watch saw what asked for it, by cluster key and `namespace/name`. */
  readonly seen: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What came of it. */
export interface UpdateOutcome {
  /** `all`: done. `some`: single associations failed, the others are done. `nothing`: it failed as a whole. */
  readonly reached: "all" | "some" | "nothing";
  /** Nothing was changed: DRY. */
  readonly preview: boolean;
  /** Somebody else holds the stack's lock. */
  readonly locked: boolean;
  readonly outcomes: readonly Outcome[];
  /** What the state holds now, by cluster key; absent where it must be read. */
  readonly recorded?: ReadonlyMap<string, RecordedCluster>;
}

/** Runs the engine for one stack, as previews where nothing may change, and tells the observer. */
export class StackUpdates {
  readonly #stack: string;
  readonly #engine: StackEngine;
  /** Nothing may change. */
  readonly dry: boolean;
  readonly #observer: Required<RunnerObserver>;
  readonly #clock: Clock;
  /** What the last preview was about: the same plan is not previewed at every interval. */
  #previewed: string | undefined;
  static #lastId = 0;

  constructor(
    stack: string,
    engine: StackEngine,
    dry: boolean,
    observer: Required<RunnerObserver>,
    clock: Clock,
  ) {
    this.#stack = stack;
    this.#engine = engine;
    this.dry = dry;
    this.#observer = observer;
    this.#clock = clock;
  }

  /** What the state holds, by cluster key. */
  recorded(): Promise<ReadonlyMap<string, RecordedCluster>> {
    return this.#engine.recorded();
  }

  /** Asks the running update, if there is one, to end early and properly. */
  cancel(): void {
    this.#engine.cancel();
  }

  /** Runs one update or preview to its end. */
  async update(request: UpdateRequest): Promise<UpdateOutcome> {
    const planned = request.full ?? request.touched?.planned ?? [];
    if (this.dry) {
      const about = signatureOf(planned);
      const base = { preview: true, locked: false, outcomes: [] };
      if (about === this.#previewed) return { ...base, reached: "all" };
      const { end } = await this.#run("preview", request, planned);
      if (end.result !== "succeeded") return { ...base, reached: "nothing" };
      this.#previewed = about;
      return { ...base, reached: "all" };
    }
    const { end, outcomes } = await this.#run("up", request, planned);
    for (const outcome of outcomes) this.#tell(outcome, request, end);
    const locked = end.result === "locked";
    const after =
      request.full === undefined && end.result === "succeeded"
        ? recordedAfter(request.recorded, planned, end.steps, this.#stack)
        : undefined;
    return {
      reached: reachedBy(end, outcomes),
      preview: false,
      locked,
      outcomes,
      ...(after === undefined ? {} : { recorded: after }),
    };
  }

  async #run(
    kind: "preview" | "up",
    { trigger, full, touched, recorded }: UpdateRequest,
    planned: readonly PlannedCluster[],
  ): Promise<{ readonly end: EngineEnd; readonly outcomes: readonly Outcome[] }> {
    StackUpdates.#lastId += 1;
    const start: UpdateStart = {
      id: StackUpdates.#lastId,
      stack: this.#stack,
      kind,
      trigger,
      ...(full === undefined && touched !== undefined ? { targets: touched.changes } : {}),
      startedAt: this.#clock.now(),
    };
    this.#observer.updateStarted(start);
    const end = await this.#engine.run({
      kind,
      planned,
      ...(kind === "up" && reliesOnRecord(planned, full !== undefined) ? { expected: recorded } : {}),
      ...(full === undefined && touched !== undefined ? { targets: touched.targets } : {}),
      // A preview can't mend the state; it shows the drift as the plan's reason.
      ...(touched?.refresh && kind === "up" ? { refresh: true } : {}),
      onOutput: (text) => {
        for (const line of text.split("\n"))
          if (line.trim() !== "") this.#observer.updatePrinted(start, line);
      },
    });
    const outcomes = outcomesOf(planned, end.steps, this.#stack);
    const error = end.error === undefined ? {} : { error: end.error };
    this.#observer.updateEnded({
      ...start,
      endedAt: this.#clock.now(),
      result: end.result,
      changes: countChanges(end.steps, outcomes),
      ...error,
    });
    return { end, outcomes };
  }

  #tell(
    { cluster, decision, change, error, association }: Outcome,
    request: UpdateRequest,
    end: EngineEnd,
  ): void {
    const seenAt = request.seen.get(clusterKey(cluster))?.get(keyOf(decision));
    const associationId = association?.id ?? decision.associationId;
    this.#observer.associationChanged(this.#stack, {
      namespace: decision.namespace,
      name: decision.name,
      cluster,
      operation: change,
      ...(decision.roleArn === undefined ? {} : { roleArn: decision.roleArn }),
      ...(associationId === undefined ? {} : { associationId }),
      ...(change === "failed" ? { error: error ?? end.error ?? "the update failed" } : {}),
      ...(seenAt === undefined ? {} : { sinceEventMs: this.#clock.now() - seenAt }),
    });
  }
}

/** The engine goes on where a resource fails; where none did, the update itself could not be made. */
function reachedBy({ result }: EngineEnd, outcomes: readonly Outcome[]): UpdateOutcome["reached"] {
  if (result === "succeeded") return "all";
  const single = result === "failed" && outcomes.some(({ change }) => change === "failed");
  return single ? "some" : "nothing";
}

/**
 * True where a record that is not up to date could do harm: a full update
 * deletes what it leaves out, and an import of what the state holds by now
 * would delete the live association.
 */
function reliesOnRecord(planned: readonly PlannedCluster[], full: boolean): boolean {
  return (
    full ||
    planned.some(({ plan }) => plan.decisions.some(({ declared }) => declared?.importId !== undefined))
  );
}

function signatureOf(planned: readonly PlannedCluster[]): string {
  const text = JSON.stringify(planned.map(({ plan }) => plan));
  return createHash("sha256").update(text).digest("base64");
}
