import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { RunError } from "@pulumi/pulumi";
import { ConcurrentUpdateError, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../../model/userError.ts";
import { declareAll, type Turn } from "../../program/declare.ts";
import { type CliSurroundings, exportState, parseExport } from "../../program/exportState.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import { type RecordedCluster, readState } from "../../program/state.ts";
import { systemClock } from "../clock.ts";
import type { UpdateResult } from "../types.ts";
import { isOwnStaleLock, lockHolder } from "./locks.ts";
import { Pace } from "./pace.ts";
import { POLICY_PACK, servePolicies } from "./policyPack.ts";
import { type EngineStep, stepRecorder } from "./steps.ts";
import { associationUrn } from "./touched.ts";

/** Where a stack's engine runs. */
export interface EngineOptions {
  /** The stack's name, or `organization/project/stack` with Pulumi Cloud. */
  readonly stack: string;
  /** The folder of Pulumi.yaml; the engine's plugins start there. */
  readonly projectDirectory: string;
  /** Added to this process's environment for the engine. */
  readonly environment: Readonly<Record<string, string>>;
  /** Checks every update with the policy pack. */
  readonly policyPack: boolean;
}

/** What an update is to do. */
export interface EngineRun {
  readonly kind: "preview" | "up";
  /** What the program declares: all resources, or only those of `targets`. */
  readonly planned: readonly PlannedCluster[];
  /** The update fails, and changes nothing, where the state does not hold just this any more. */
  readonly expected?: ReadonlyMap<string, RecordedCluster>;
  /** URNs; only these are touched. Undefined: all. */
  readonly targets?: readonly string[];
  /** Reads the targets from AWS first, and mends the state. */
  readonly refresh?: boolean;
  readonly onOutput: (text: string) => void;
}

/** How an update ended. */
export interface EngineEnd {
  readonly result: UpdateResult;
  readonly steps: readonly EngineStep[];
  /** One line, where it did not succeed. */
  readonly error?: string;
}

/** The engine of one stack: one update at a time. */
export interface StackEngine {
  /** What the state holds, by cluster key; the same object as the last time where it has not been written since. */
  recorded(): Promise<ReadonlyMap<string, RecordedCluster>>;
  run(run: EngineRun): Promise<EngineEnd>;
  /** Asks the running update, if there is one, to end early and properly: no new step, the state written, no lock left. */
  cancel(): void;
  /** The value of `clusters` in the stack's configuration; undefined where it is not set. */
  configuredClusters(): Promise<unknown>;
  /** Nothing is asked of it any more. */
  close(): Promise<void>;
}

/**
 * Opens a stack; makes it where it does not exist.
 * @throws UserError where the CLI or the backend refuses.
 */
export async function openStack(options: EngineOptions): Promise<StackEngine> {
  const environment = { ...engineEnvironment, ...options.environment };
  const stack = await naming(options.stack, () =>
    LocalWorkspace.createOrSelectStack(
      { stackName: options.stack, projectName: "eks-pod-identity-sync", program: async () => undefined },
      { workDir: options.projectDirectory, envVars: environment },
    ),
  );
  const policies = options.policyPack ? await servePolicies(environment) : undefined;
  const policyPacks = policies === undefined ? [] : [POLICY_PACK];
  let running: AbortController | undefined;
  withoutAfterthoughts(stack);
  const readRecorded = recordReader(options.stack, { cwd: options.projectDirectory, env: environment });
  return {
    recorded: readRecorded,
    async run(run) {
      running = new AbortController();
      stack.workspace.envVars = { ...environment, ...policies?.(run.planned) };
      try {
        return await runEngine(stack, run, readRecorded, policyPacks, running.signal);
      } finally {
        running = undefined;
      }
    },
    cancel: () => running?.abort(new RunError("the update is canceled")),
    configuredClusters: async () => {
      const config = await naming(options.stack, () => stack.getAllConfig());
      const text = config["eks-pod-identity-sync:clusters"]?.value;
      return text === undefined ? undefined : JSON.parse(text);
    },
    close: async () => undefined,
  };
}

// One ServiceAccount that AWS refuses must not hold up the others. Checkpoints are written once an update, not at
// every step: what a killed update made is adopted by the next.
const engineEnvironment = {
  PULUMI_CONTINUE_ON_ERROR: "true",
  PULUMI_EXPERIMENTAL: "true",
  PULUMI_SKIP_CHECKPOINTS: "true",
  PULUMI_SKIP_UPDATE_CHECK: "true",
};

/**
 * `Stack.up` of the Automation API asks the CLI three times more, after the update, for the stack's outputs and its
 * history: half of a short update's time. The events have told all that is needed.
 */
function withoutAfterthoughts(stack: Stack): void {
  stack.outputs = async () => ({});
  stack.info = async () => undefined;
}

/** See {@link StackEngine.recorded}. Nearly always it is as it was: then ten megabytes of text are not parsed. */
function recordReader(stack: string, surroundings: CliSurroundings): StackEngine["recorded"] {
  let last: { readonly digest: string; readonly recorded: ReadonlyMap<string, RecordedCluster> } | undefined;
  return async () => {
    const exported = await exportState(stack, surroundings);
    const digest = createHash("sha256").update(exported).digest("base64");
    if (last?.digest !== digest) last = { digest, recorded: readState(parseExport(exported)) };
    return last.recorded;
  };
}

async function naming<T>(stack: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new UserError(`stack ${stack}: ${shortError(error)}`, { cause: error });
  }
}

async function runEngine(
  stack: Stack,
  run: EngineRun,
  readRecorded: StackEngine["recorded"],
  policyPacks: string[],
  signal: AbortSignal,
): Promise<EngineEnd> {
  const pace = new Pace(systemClock, signal);
  const recorder = stepRecorder((urn) => pace.done(urn));
  const turn: Turn = (cluster, ref) => pace.turn(associationUrn(stack.name, cluster, ref));
  const options = {
    program: () => declareExpected(run, readRecorded, turn),
    onOutput: run.onOutput,
    onEvent: recorder.take,
    // The CLI is sent SIGINT. Not `pulumi cancel`: for DIY backends that takes the lock away and lets the update run.
    signal,
    color: "never",
    suppressProgress: true,
    ...(run.targets === undefined ? {} : { target: [...run.targets] }),
    ...(run.refresh === undefined ? {} : { refresh: run.refresh }),
    policyPacks,
  } as const;
  try {
    if (run.kind === "preview") await stack.preview(options);
    else await stack.up({ ...options, showSecrets: false });
    return { result: "succeeded", steps: recorder.steps() };
  } catch (error) {
    if (error instanceof ConcurrentUpdateError) return lockedEnd(stack, error.message);
    const result = signal.aborted ? "canceled" : "failed";
    return { result, steps: recorder.steps(), error: recorder.firstError() ?? shortError(error) };
  } finally {
    pace.end();
  }
}

/**
 * The program runs while the CLI holds the stack's lock, so what the state
 * holds now stays. Somebody else (CI, say) may have had the lock since the plan
 * was made.
 */
async function declareExpected(
  { planned, expected }: EngineRun,
  readRecorded: StackEngine["recorded"],
  turn: Turn,
): Promise<void> {
  if (expected !== undefined && !isDeepStrictEqual(await readRecorded(), expected))
    throw new RunError("the stack was updated by somebody else since this was planned; it is planned anew");
  await declareAll(planned, turn);
}

async function lockedEnd(stack: Stack, message: string): Promise<EngineEnd> {
  const result = "locked";
  if (!isOwnStaleLock(message)) {
    return { result, steps: [], error: `the stack is locked: ${lockHolder(message)}` };
  }
  await naming(stack.name, () => stack.cancel());
  return { result, steps: [], error: "cleared the lock of an update of this host that has died" };
}

/** The line of an Automation API error that says what was wrong: the CLI's own `error: ...`. */
function shortError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/spawn \S*pulumi\S* ENOENT/.test(text)) {
    return 'the command "pulumi" is not on the PATH; install the Pulumi CLI, or take the toolchain\'s: eval "$(npm run -s env)"';
  }
  const said = /^\s*error:\s*(.+)$/m.exec(text)?.[1];
  return (said ?? text.split("\n")[0] ?? text).trim();
}
