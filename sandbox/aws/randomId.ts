import { randomBytes } from "node:crypto";

const LOWER = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** An association's id, as EKS makes them: `a-` and 17 lowercase letters and digits. */
export function newAssociationId(): string {
  return `a-${pick(LOWER, 17)}`;
}

/** An IAM identifier such as `AKIA...` ("Understanding unique ID prefixes", IAM User Guide). */
export function newIamId(prefix: "AKIA" | "ASIA" | "AIDA" | "AROA"): string {
  return prefix + pick(UPPER, 16);
}

/** A secret of `bytes` random bytes, in base64. */
export function newSecret(bytes: number): string {
  return randomBytes(bytes).toString("base64");
}

function pick(alphabet: string, length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join("");
}
