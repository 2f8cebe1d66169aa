import { z } from "zod";
import { parseRoleArn } from "../model/roleArn.ts";
import { anything, parsePattern } from "./pattern.ts";

// The kinds of value that the configuration is made of. Each message is a predicate: it is shown after
// the value that was found ("maybe" is not true or false), or after the path where nothing was found.
//
// Of a file every scalar arrives as its text (see file.ts), of a stack's configuration with its type;
// the kinds below take both.

/** What a kind says against a value: always the same, or by the value. */
type Message = string | { error: (issue: { readonly input?: unknown }) => string };

/** The message of a field that must be there. */
export function required(wrongKind: string, whatToWrite: string): Message {
  return { error: ({ input }) => (input === undefined ? `is missing; ${whatToWrite}` : wrongKind) };
}

/** Text. A number is refused, not converted: YAML may have lost its leading zeros already. */
export const text = z.string({
  error: ({ input }) => (typeof input === "object" ? "is not text" : "is not text; put it in quotes"),
});

/** Text, where an empty one means the same as none. */
export const optionalText = z.preprocess((value) => (value === "" ? undefined : value), text.optional());

// YAML 1.1 had these as booleans, and the Go controller's parser still takes them where a boolean is due.
const FLAGS: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["true", "y", "yes", "on"].flatMap(spellings).map((word) => [word, true])),
  ...Object.fromEntries(["false", "n", "no", "off"].flatMap(spellings).map((word) => [word, false])),
};

function spellings(word: string): string[] {
  return [word, word.slice(0, 1).toUpperCase() + word.slice(1), word.toUpperCase()];
}

/** True or false. */
export const flag = z.preprocess(
  (value) => (typeof value === "string" ? (FLAGS[value] ?? value) : value),
  z.boolean("is not true or false"),
);

/** A whole number. */
export const wholeNumber = z.preprocess(
  (value) => (typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value),
  z.int("is not a whole number"),
);

const SHARE = "is not a share; write one from 0 to 1, or from 0% to 100%";

/** A part of the whole, 0 to 1; may be written as a percentage. */
export const share = z
  .union([z.number(), z.string().regex(/^(\d+|\d*\.\d+)%?$/, SHARE)], SHARE)
  .transform((value) =>
    typeof value === "string" && value.endsWith("%") ? Number(value.slice(0, -1)) / 100 : Number(value),
  )
  .refine((value) => value >= 0 && value <= 1, SHARE);

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(...words: T) {
  return z.enum(words, `is not one of ${words.join(", ")}`);
}

/** An expression; see parsePattern. Omitted, it matches everything. */
export const pattern = text
  .transform((source, context) => {
    const parsed = parsePattern(source);
    if ("pattern" in parsed) return parsed.pattern;
    const message = `is not a valid RE2 expression: at position ${parsed.position}, ${parsed.problem}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  })
  .prefault(anything.source);

/** The ARN of an IAM role. */
export const roleArn = z.preprocess(
  (value) => (value === "" ? undefined : value),
  text
    .refine(
      (arn) => parseRoleArn(arn) !== undefined,
      "is not the ARN of an IAM role; write arn:aws:iam::ACCOUNT:role/NAME",
    )
    .optional(),
);

/** A region's name, for instance us-east-1, us-gov-west-1 or eusc-de-east-1. */
export const region = z
  .string(required("is not text", "write the region, for instance us-east-1"))
  .regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, "is not the name of an AWS region; write one like us-east-1");

// Kubernetes documentation, "Annotations: syntax and character set".
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const ANNOTATION_PREFIX = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`);
const ANNOTATION_NAME = /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;

function isAnnotationKey(key: string): boolean {
  const slash = key.indexOf("/");
  const prefixed = slash === -1 || ANNOTATION_PREFIX.test(key.slice(0, slash));
  return prefixed && ANNOTATION_NAME.test(key.slice(slash + 1));
}

/** The key of an annotation; no ServiceAccount could carry one that Kubernetes refuses, and all would count as not annotated. */
export function annotationKey(standard: string) {
  const key = text.refine(
    isAnnotationKey,
    "is not the key of an annotation; write one like example.com/role-arn",
  );
  return z.preprocess((value) => (value === "" ? undefined : value), key.default(standard));
}

/** A list; an item that is null is kept as undefined, so that the others keep their places in messages. */
export function list<T extends z.ZodType>(item: T, message: Message = "is not a list") {
  return z.array(
    z.preprocess((value) => value ?? undefined, item.optional()),
    message,
  );
}

/**
 * A mapping of known fields; a field that is null counts as omitted. The
 * message about unknown ones is the list of the known: problemsOf makes
 * a sentence of it for each.
 */
export function mapping<T extends z.ZodRawShape>(fields: T) {
  const error = ({ code }: { readonly code?: string }) =>
    code === "unrecognized_keys" ? Object.keys(fields).join(" ") : "is not a mapping of fields";
  return z.preprocess(withoutNulls, z.strictObject(fields, { error }));
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}
