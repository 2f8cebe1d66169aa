import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** One resource operation of an update that has ended. */
export interface EngineStep {
  readonly urn: string;
  /** The engine's word: create, update, delete, import, same, read, refresh ...; `policy` where one forbade it. */
  readonly operation: string;
  readonly failed: boolean;
  /** The engine's words for the failure, where it said some about this resource. */
  readonly error?: string;
  /** The outputs after it. */
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/**
 * Takes the engine's events of one update, and keeps what became of each resource.
 * @param onStep called with the URN of a resource that the engine has dealt with
 */
export function stepRecorder(onStep: (urn: string) => void) {
  const steps = new Map<string, EngineStep>();
  const errors = new Map<string, string>();
  return {
    take(event: EngineEvent): void {
      const { resOutputsEvent, resOpFailedEvent, diagnosticEvent, policyEvent } = event;
      if (resOutputsEvent !== undefined) {
        const { urn, op, new: after } = resOutputsEvent.metadata;
        const outputs = after?.outputs === undefined ? {} : { outputs: after.outputs };
        steps.set(urn, { urn, operation: op, failed: false, ...outputs });
        onStep(urn);
      }
      if (resOpFailedEvent !== undefined) {
        const { urn, op } = resOpFailedEvent.metadata;
        steps.set(urn, { urn, operation: op, failed: true });
        onStep(urn);
      }
      // What a policy forbids is not tried, so nothing else is told of it.
      if (policyEvent?.enforcementLevel === "mandatory") {
        const { resourceUrn: urn = "", policyName, message } = policyEvent;
        if (urn !== "") steps.set(urn, { urn, operation: "policy", failed: true });
        errors.set(urn, `policy ${policyName}: ${plain(message)}`);
        onStep(urn);
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
