/**
 * Which associations are described in this round, so that all of them are
 * within `periodMs`, where a round comes every `intervalMs`. Lists show no
 * roles: a role that was changed outside is only seen this way.
 *
 * @param ids all ids, sorted
 * @param after the last id of the slice before; "" at the start
 */
export function driftSlice(
  ids: readonly string[],
  after: string,
  intervalMs: number,
  periodMs: number,
): readonly string[] {
  if (periodMs <= 0 || ids.length === 0) return [];
  const rounds = Math.max(1, Math.floor(periodMs / intervalMs));
  const size = Math.ceil(ids.length / rounds);
  const found = ids.findIndex((id) => id > after);
  const start = found === -1 ? 0 : found;
  return Array.from({ length: size }, (_, offset) => ids[(start + offset) % ids.length]).filter(
    (id) => id !== undefined,
  );
}
