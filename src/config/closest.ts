/** Of `candidates` the one that `word` is most likely a slip of, or undefined where none is near. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const nearest = candidates
    .map((candidate) => ({ candidate, distance: editDistance(normalised(word), normalised(candidate)) }))
    .toSorted((one, other) => one.distance - other.distance)
    .at(0);
  return nearest !== undefined && nearest.distance <= Math.max(1, word.length / 3)
    ? nearest.candidate
    : undefined;
}

// roleArn and role-arn are slips of role_arn.
function normalised(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}

/** The number of letters to insert, leave out or change to make `to` of `from` (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
