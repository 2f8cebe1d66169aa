import pLimit from "p-limit";

/** How work that takes a while says what it is at. */
export interface Report {
  /** In a few words; there may be many. */
  readonly status: (text: string) => void;
  /** Something that a reader of the log should know; there are few. */
  readonly notice: (text: string) => void;
}

/** Work that takes a while. */
export interface Step {
  readonly title: string;
  /** Does the work, reporting what it is at, and returns the title that it ends with. */
  readonly run: (report: Report) => Promise<string>;
}

/** Where progress is shown: on stderr, since stdout is for results, or nowhere. */
export type ProgressDisplay = "terminal" | "silent";

/** More builds at a time would only share the processors. */
const stepsAtATime = 2;

/** How often (ms) a step that is under way writes a line where stderr is no terminal, so that a CI log shows life. */
const lifeSignInterval = 15_000;

/**
 * Runs steps and shows what each is at and how long it took. One that fails does not stop the others: what they make
 * is kept for the next run.
 *
 * @throws the first error of a step, after all steps have ended.
 */
export async function runSteps(steps: readonly Step[], display: ProgressDisplay): Promise<void> {
  const errors: unknown[] = [];
  const collecting = steps.map((step) => ({
    ...step,
    run: (report: Report) =>
      step.run(report).catch((error: unknown) => {
        errors.push(error);
        throw error;
      }),
  }));
  if (display === "terminal" && process.stderr.isTTY) await runInTerminal(collecting);
  else await runAsLines(collecting, display === "terminal" ? (line) => console.error(line) : () => {});
  if (errors.length > 0) throw errors[0];
}

async function runInTerminal(steps: readonly Step[]): Promise<void> {
  const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = await import("listr2");
  const tasks = steps.map((step) => ({
    title: step.title,
    task: async (_context: unknown, task: { title: string | undefined; output: string }) => {
      const show = (text: string) => {
        task.output = text;
      };
      task.title = await step.run({ status: show, notice: show });
    },
  }));
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  await new Listr(tasks, {
    concurrent: stepsAtATime,
    exitOnError: false,
    forceTTY: true,
    renderer: "default",
    rendererOptions: { logger, timer: PRESET_TIMER, showErrorMessage: false, formatOutput: "truncate" },
  }).run();
}

/** Runs steps with a line at the start and the end of each, and signs of life between. */
export async function runAsLines(
  steps: readonly Step[],
  write: (line: string) => void,
  interval = lifeSignInterval,
): Promise<void> {
  const limit = pLimit(stepsAtATime);
  await Promise.allSettled(steps.map((step) => limit(() => runAsLine(step, write, interval))));
}

async function runAsLine(step: Step, write: (line: string) => void, interval: number): Promise<void> {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(0)} s`;
  let status = "";
  write(`${step.title} ...`);
  const lifeSigns = setInterval(() => write(`${step.title} ... ${seconds()} ${status}`.trimEnd()), interval);
  try {
    const title = await step.run({
      status: (text) => {
        status = text;
      },
      notice: (text) => {
        status = text;
        write(`${step.title} ... ${text}`);
      },
    });
    write(`${title} (${seconds()})`);
  } catch (error) {
    write(`${step.title} failed (${seconds()})`);
    throw error;
  } finally {
    clearInterval(lifeSigns);
  }
}
