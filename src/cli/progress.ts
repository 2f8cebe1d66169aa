import type { Ora } from "ora";

/** Work that is done before this (ms) needs no sign of life. */
const quietFor = 2_000;

/** Shows on stderr that work is under way, where it takes longer than a moment. */
export async function withProgress<T>(title: string, work: () => Promise<T>): Promise<T> {
  let spinner: Ora | undefined;
  let done = false;
  const show = async () => {
    const { default: ora } = await import("ora");
    if (!done) spinner = ora({ text: title, stream: process.stderr }).start();
  };
  const timer = setTimeout(show, quietFor);
  try {
    return await work();
  } finally {
    done = true;
    clearTimeout(timer);
    spinner?.stop();
  }
}
