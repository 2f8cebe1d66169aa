import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { configJsonSchema } from "../../src/config/jsonSchema.ts";
import { goControllerExample } from "./configFixtures.ts";

const published: unknown = JSON.parse(
  readFileSync(new URL("../../config.schema.json", import.meta.url), "utf8"),
);

/** What an editor reads of the schema, as far as the tests look at it. */
const fieldsSchema = z.object({
  properties: z.object({
    clusters: z.object({
      items: z.object({ properties: z.record(z.string(), z.object({ description: z.string().min(20) })) }),
    }),
  }),
});

it("config.schema.json is what the schema says now", () => {
  expect(published).toEqual(configJsonSchema);
});

it("every field has a description", () => {
  const { properties } = fieldsSchema.parse(published).properties.clusters.items;
  expect(Object.keys(properties)).toContain("role_arn");
});

it("takes the Go controller's example, and no unknown field", () => {
  const schema = z.fromJSONSchema(configJsonSchema);
  const example = parse(goControllerExample);
  expect(schema.safeParse(example).error).toBeUndefined();
  expect(schema.safeParse({ ...example, regions: [] }).success).toBe(false);
});
