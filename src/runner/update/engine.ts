import { hostname } from "node:os";
import {
  ConcurrentUpdateError,
  type EngineEvent,
  LocalWorkspace,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../../model/userError.ts";
import { type RecordedCluster, readState } from "../../program/state.ts";
import type { UpdateResult } from "../types.ts";

/** Where a stack's engine runs. */
export interface EngineOptions {
  /** The stack's name, or `organization/project/stack` with Pulumi Cloud. */
  readonly stack: string;
  /** The folder of Pulumi.yaml; the engine's plugins start there. */
  readonly projectDirectory: string;
  /** Added to this process's environment for the engine. */
  readonly environment: Readonly<Record<string, string>>;
  /** Policy packs for every update. */
  readonly policyPacks: readonly string[];
}

/** What an update is to do. */
export interface EngineRun {
  readonly kind: "preview" | "up";
  /** Declares the resources, all of them or only those of `targets`. */
  readonly program: () => Promise<void>;
  /** URNs; only these are touched. Undefined: all. */
  readonly targets?: readonly string[];
  /** Reads the targets from AWS first, and mends the state. */
  readonly refresh?: boolean;
  readonly onOutput: (text: string) => void;
}

/** One resource operation of an update that has ended. */
export interface EngineStep {
  readonly urn: string;
  /** The engine's word: create, update, delete, import, same, read, refresh ... */
  readonly operation: string;
  readonly failed: boolean;
  /** The engine's words for the failure, where it said some about this resource. */
  readonly error?: string;
  /** The outputs after it. */
  readonly outputs?: Readonly<Record<string, unknown>>;
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
  /** What the state holds, by cluster key. */
  recorded(): Promise<ReadonlyMap<string, RecordedCluster>>;
  run(run: EngineRun): Promise<EngineEnd>;
  /** Asks the running update, if there is one, to end early and properly: no new step, the state written, no lock left. */
  cancel(): void;
  /** The value of `clusters` in the stack's configuration; undefined where it is not set. */
  configuredClusters(): Promise<unknown>;
}

/**
 * Opens a stack; makes it where it does not exist.
 * @throws UserError where the CLI or the backend refuses.
 */
export async function openStack(options: EngineOptions): Promise<StackEngine> {
  const stack = await naming(options.stack, () =>
    LocalWorkspace.createOrSelectStack(
      { stackName: options.stack, projectName: "eks-pod-identity-sync", program: async () => undefined },
      { workDir: options.projectDirectory, envVars: { ...engineEnvironment, ...options.environment } },
    ),
  );
  let running: AbortController | undefined;
  withoutAfterthoughts(stack);
  return {
    recorded: async () => readState(await naming(options.stack, () => stack.exportStack())),
    async run(run) {
      running = new AbortController();
      try {
        return await runEngine(stack, run, options.policyPacks, running.signal);
      } finally {
        running = undefined;
      }
    },
    cancel: () => running?.abort(),
    configuredClusters: async () => {
      const config = await naming(options.stack, () => stack.getAllConfig());
      const text = config["eks-pod-identity-sync:clusters"]?.value;
      return text === undefined ? undefined : JSON.parse(text);
    },
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
  policyPacks: readonly string[],
  signal: AbortSignal,
): Promise<EngineEnd> {
  const recorder = stepRecorder();
  const options = {
    program: run.program,
    onOutput: run.onOutput,
    onEvent: recorder.take,
    // The CLI is sent SIGINT. Not `pulumi cancel`: for DIY backends that takes the lock away and lets the update run.
    signal,
    color: "never",
    suppressProgress: true,
    ...(run.targets === undefined ? {} : { target: [...run.targets] }),
    ...(run.refresh === undefined ? {} : { refresh: run.refresh }),
    ...(policyPacks.length === 0 ? {} : { policyPacks: [...policyPacks] }),
  } as const;
  try {
    if (run.kind === "preview") await stack.preview(options);
    else await stack.up({ ...options, showSecrets: false });
    return { result: "succeeded", steps: recorder.steps() };
  } catch (error) {
    if (error instanceof ConcurrentUpdateError) return lockedEnd(stack, error.message);
    const result = signal.aborted ? "canceled" : "failed";
    return { result, steps: recorder.steps(), error: recorder.firstError() ?? shortError(error) };
  }
}

async function lockedEnd(stack: Stack, message: string): Promise<EngineEnd> {
  const result = "locked";
  if (!isOwnStaleLock(message)) {
    return { result, steps: [], error: `the stack is locked: ${lockHolder(message)}` };
  }
  await naming(stack.name, () => stack.cancel());
  return { result, steps: [], error: "cleared the lock of an update of this host that has died" };
}

/** The DIY backends name the lock's holder: `created by USER@HOST (pid PID) at TIME`. */
const HOLDER = /created by (\S+)@(\S+) \(pid (\d+)\)(?: at (\S+))?/;

function lockHolder(message: string): string {
  const [held] = HOLDER.exec(message) ?? [];
  return held ?? "another update is running";
}

/** True where every lock that the message names was made on this host by a process that is no more. */
export function isOwnStaleLock(message: string): boolean {
  const holders = [...message.matchAll(new RegExp(HOLDER, "g"))];
  return holders.length > 0 && holders.every(([, , host, pid]) => host === hostname() && isGone(Number(pid)));
}

function isGone(pid: number): boolean {
  // The CLI holds locks, this process never does: it has the number of one that died with the container before.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** Takes the engine's events of one update, and keeps what became of each resource. */
function stepRecorder() {
  const steps = new Map<string, EngineStep>();
  const errors = new Map<string, string>();
  return {
    take(event: EngineEvent): void {
      const { resOutputsEvent, resOpFailedEvent, diagnosticEvent } = event;
      if (resOutputsEvent !== undefined) {
        const { urn, op, new: after } = resOutputsEvent.metadata;
        const outputs = after?.outputs === undefined ? {} : { outputs: after.outputs };
        steps.set(urn, { urn, operation: op, failed: false, ...outputs });
      }
      if (resOpFailedEvent !== undefined) {
        const { urn, op } = resOpFailedEvent.metadata;
        steps.set(urn, { urn, operation: op, failed: true });
      }
      if (diagnosticEvent?.severity === "error") {
        errors.set(diagnosticEvent.urn ?? "", plain(diagnosticEvent.message));
      }
    },
    steps: (): readonly EngineStep[] =>
      Array.from(steps.values(), (step) => {
        const error = errors.get(step.urn);
        return step.failed && error !== undefined ? { ...step, error } : step;
      }),
    /** The first error in a line, with the resource that it is about. */
    firstError(): string | undefined {
      const ofResource = [...errors].find(([urn]) => urn !== "" && !urn.includes("::pulumi:pulumi:Stack::"));
      if (ofResource === undefined) return errors.values().next().value;
      const [urn, message] = ofResource;
      return `${urn.split("::").at(-1)}: ${message}`;
    },
  };
}

/** The engine's words in one line: it marks colours as `<{%name%}>`, and lists even a single error by lines. */
function plain(message: string): string {
  return message
    .replaceAll(/<\{%[^%]*%\}>/g, "")
    .replace(/1 error occurred:\s*\*\s*/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** The line of an Automation API error that says what was wrong: the CLI's own `error: ...`. */
function shortError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const said = /^\s*error:\s*(.+)$/m.exec(text)?.[1];
  return (said ?? text.split("\n")[0] ?? text).trim();
}
