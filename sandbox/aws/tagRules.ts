import { z } from "zod";

// Limits of the EKS API reference, "CreatePodIdentityAssociation", `tags`.
const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;

/** The tags of a request; how many a resource may have in the end is for {@link tooManyTags} to say. */
export const tagMap = z.record(
  z
    .string()
    .min(1)
    .max(MAX_KEY)
    .refine((key) => !/^aws:/i.test(key), "aws: prefixed tag key names are not allowed for external use."),
  z.string().max(MAX_VALUE),
);

/** What AWS answers where a resource would have more tags than it may, else undefined. */
export function tooManyTags(tags: Readonly<Record<string, string>>): string | undefined {
  const count = Object.keys(tags).length;
  return count > MAX_TAGS
    ? `The maximum number of tags per resource is ${MAX_TAGS}, and there would be ${count}.`
    : undefined;
}
