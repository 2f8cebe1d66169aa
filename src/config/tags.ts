import { z } from "zod";
import { text } from "./fields.ts";

// EKS User Guide, "Organize Amazon EKS resources with tags: tag restrictions".
const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** What associations are tagged with where the configuration names no tags: the Go controller's mark, so that its associations are ours. */
export const DEFAULT_TAGS = { "managed-by": "eks-auto-pod-id-assoc" } as const;

/** Resource tags as AWS takes them; none at all means the default ones. */
export const tags = z
  .record(
    z.string(),
    z.preprocess((value) => value ?? "", text),
    "is not a mapping of tags",
  )
  .superRefine((wanted, context) => {
    const keys = Object.keys(wanted);
    if (keys.length > MAX_TAGS) {
      context.addIssue({ code: "custom", message: `has ${keys.length} tags; AWS takes ${MAX_TAGS}` });
    }
    for (const [key, value] of Object.entries(wanted)) {
      const badKey = keyProblem(key);
      if (badKey !== undefined) {
        context.addIssue({ code: "custom", message: `has the key ${JSON.stringify(key)}, ${badKey}` });
      }
      const badValue = valueProblem(value);
      if (badValue !== undefined) context.addIssue({ code: "custom", path: [key], message: badValue });
    }
  })
  .transform((wanted) => (Object.keys(wanted).length === 0 ? DEFAULT_TAGS : wanted));

const ALLOWED = "AWS takes letters, digits, blanks and _ . : / = + - @ in tags";

function keyProblem(key: string): string | undefined {
  if (key === "") return "which names no tag";
  if (key.length > MAX_KEY_LENGTH) return `of ${key.length} characters; AWS takes ${MAX_KEY_LENGTH}`;
  if (/^aws:/i.test(key)) return "and AWS keeps aws: for itself; choose another";
  return TAG_TEXT.test(key) ? undefined : `with other characters than allowed; ${ALLOWED}`;
}

function valueProblem(value: string): string | undefined {
  if (value.length > MAX_VALUE_LENGTH) return `has ${value.length} characters; AWS takes ${MAX_VALUE_LENGTH}`;
  return TAG_TEXT.test(value) ? undefined : `has other characters than allowed; ${ALLOWED}`;
}
