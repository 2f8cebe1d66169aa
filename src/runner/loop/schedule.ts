/** When the next round is due. Times are milliseconds of one clock, which the caller holds. */
export interface Schedule {
  /** Start of the last round; undefined before the first. */
  readonly lastStart?: number;
  /** Undefined: nothing has happened since the last round began. */
  readonly firstEvent?: number;
}

/** How rounds follow events. */
export interface SchedulePolicy {
  /** A round begins at the earliest so long after the one before began: a storm of events becomes few rounds. */
  readonly minimumGapMs: number;
  /** Events of one moment go into one round: it waits so long for its first event's neighbours. */
  readonly settleMs: number;
}

/** An event at `now`; a later one never puts off a round that an earlier one asked for. */
export function withEvent(schedule: Schedule, now: number): Schedule {
  return schedule.firstEvent === undefined ? { ...schedule, firstEvent: now } : schedule;
}

/** A round begins at `now` and takes up all events so far; those that come while it runs ask for the next. */
export function withStart(now: number): Schedule {
  return { lastStart: now };
}

/** When the next round begins, or undefined where no event asks for one. */
export function nextStart({ lastStart, firstEvent }: Schedule, policy: SchedulePolicy): number | undefined {
  if (firstEvent === undefined) return undefined;
  const settled = firstEvent + policy.settleMs;
  return lastStart === undefined ? settled : Math.max(settled, lastStart + policy.minimumGapMs);
}
