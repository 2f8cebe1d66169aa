import { ApiException } from "@kubernetes/client-node";
import { z } from "zod";
import { UserError } from "../model/userError.ts";

const advice: Readonly<Record<number, string>> = {
  401: "the credentials are not admitted: give the AWS principal an access entry in the cluster",
  410: "the list changed too fast to be read whole; try again",
};

/**
 * A Kubernetes call that failed, as one line.
 * @param rights what to grant where the call is forbidden
 */
export function kubernetesError(
  call: string,
  server: string,
  error: unknown,
  rights = "get, list and watch on serviceaccounts",
): UserError {
  if (error instanceof ApiException) {
    const status = statusMessage(error.body);
    const hint = error.code === 403 ? `grant ${rights} to this user` : advice[error.code];
    const tail = hint === undefined ? "" : `; ${hint}`;
    return new UserError(`${call} at ${server}: ${error.code}${status}${tail}`, { cause: error });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const said =
    cause instanceof Error ? cause.message || ("code" in cause ? String(cause.code) : "") : String(cause);
  return new UserError(
    `${call} at ${server}: ${said.split("\n")[0]}; check that the API server is reachable`,
    { cause: error },
  );
}

const messageSchema = z.looseObject({ message: z.string() });

/** The `message` of the Status object that API servers answer errors with. */
function statusMessage(body: unknown): string {
  const status = messageSchema.safeParse(statusOf(body));
  return status.success ? ` ${status.data.message}` : "";
}

/** The Status object that an API server answered an error with, of unknown shape; undefined where it is no JSON. */
export function statusOf(body: unknown): unknown {
  try {
    return typeof body === "string" ? JSON.parse(body) : body;
  } catch {
    // Not JSON: a proxy's page, say. The code alone must do.
    return undefined;
  }
}
