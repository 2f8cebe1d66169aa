import { UserError } from "../model/userError.ts";

/** The code of an AWS error (`ResourceNotFoundException`, ...), or of a system error (`ECONNREFUSED`). */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "Error" || error.name === "AggregateError" || error.name === "TypeError") {
    if ("code" in error && typeof error.code === "string") return error.code;
  }
  return error.name;
}

/** True where AWS says that the thing asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return ["ResourceNotFoundException", "NoSuchEntityException", "NoSuchEntity"].includes(codeOf(error));
}

/** True where the caller may not do what it asked for. */
export function isAccessDenied(error: unknown): boolean {
  return ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"].includes(codeOf(error));
}

const advice: Readonly<Record<string, string>> = {
  CredentialsProviderError:
    "configure AWS credentials (AWS_PROFILE, environment variables or an instance role)",
  ExpiredToken: "renew the AWS credentials",
  ExpiredTokenException: "renew the AWS credentials",
  UnrecognizedClientException: "check the AWS credentials and the region",
  InvalidClientTokenId: "check the AWS credentials",
  ECONNREFUSED: "check the network, the region and AWS_ENDPOINT_URL",
  ENOTFOUND: "check the network, the region and AWS_ENDPOINT_URL",
  TimeoutError: "check the network, the region and AWS_ENDPOINT_URL",
};

/** An AWS call that failed, as one line: the call, AWS's code and message, and what to do where that is known. */
export function awsError(call: string, error: unknown): UserError {
  const code = codeOf(error);
  const message = error instanceof Error ? firstLine(error) : String(error);
  const hint = isAccessDenied(error) ? adviceOnDenial(call, message) : advice[code];
  const said = message.startsWith(code) || message === "" ? message || code : `${code}: ${message}`;
  return new UserError(`${call}: ${said}${hint === undefined ? "" : `; ${hint}`}`, { cause: error });
}

function adviceOnDenial(call: string, message: string): string {
  if (/cross-account pass role/i.test(message))
    return "a role of another account can only be the target role";
  // The call may have failed on its way: at sts:AssumeRole, say.
  const [, action = call.split(" ")[0]] = /not authorized to perform: ([\w:]+)/.exec(message) ?? [];
  return `grant ${action} to the credentials in use`;
}

function firstLine(error: Error): string {
  // Node.js reports a refused connection to a host with several addresses as an AggregateError without a message.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return (inner.message.split("\n")[0] ?? "").trim();
}

/** Runs an AWS call and names it in the error. */
export async function calling<T>(call: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof UserError ? error : awsError(call, error);
  }
}
