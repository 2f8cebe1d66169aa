import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The JSON Schema of the configuration's file, for editors; config.schema.json holds it. */
export const configJsonSchema = {
  ...z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ jsonSchema }) => withoutSafeRange(jsonSchema),
  }),
  title: "Configuration of eks-pod-identity-sync",
};

/** Zod bounds every integer by what a number holds exactly; in an editor that says nothing. */
function withoutSafeRange(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

if (import.meta.main) console.log(JSON.stringify(configJsonSchema, null, 2));
