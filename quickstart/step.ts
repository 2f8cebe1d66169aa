import pc from "picocolors";

let number = 0;

/** Prints the numbered heading of the next step. */
export function heading(title: string): void {
  number += 1;
  console.log(`\n${pc.bold(`${number}. ${title}`)}`);
}

/** Runs one step under a numbered heading; says every few seconds that it still goes on, and how long it took. */
export async function step<T>(title: string, run: () => Promise<T>): Promise<T> {
  heading(title);
  const started = performance.now();
  const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const alive = setInterval(() => console.log(pc.dim(`   ... ${elapsed()}`)), 5_000);
  try {
    const result = await run();
    console.log(pc.dim(`   ${elapsed()}`));
    return result;
  } finally {
    clearInterval(alive);
  }
}
