/**
 * An error that the user can mend: one line that says what is wrong, where,
 * and what to do. It is shown without a stack trace (see LOG_LEVEL).
 */
export class UserError extends Error {
  override name = "UserError";
}
