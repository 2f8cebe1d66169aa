import { ignoredKeys, refusedKeys, servedKeys } from "./configuration.ts";
import { version } from "./package.ts";
import {
  inputProperties,
  outputProperties,
  type PropertyType,
  token,
} from "./podIdentityAssociation/properties.ts";

/** The package's schema in the form of Pulumi's "Pulumi package schema": the part of the real one that is served. */
export function packageSchema(): object {
  const strings = Object.fromEntries(
    [...servedKeys, ...ignoredKeys, ...Object.keys(refusedKeys)].map((key) => [key, { type: "string" }]),
  );
  return {
    name: "aws",
    version,
    config: { variables: strings },
    provider: { type: "object", inputProperties: strings },
    resources: {
      [token]: {
        inputProperties: typesOf(inputProperties),
        requiredInputs: namesWhere(inputProperties, (property) => property.required),
        type: "object",
        properties: typesOf(outputProperties),
        required: namesWhere(outputProperties, (property) => property.always),
      },
    },
  };
}

function typesOf(properties: Readonly<Record<string, { readonly type: PropertyType }>>) {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { type }]) => [
      name,
      type === "tags" ? { type: "object", additionalProperties: { type: "string" } } : { type },
    ]),
  );
}

function namesWhere<T>(properties: Readonly<Record<string, T>>, holds: (property: T) => boolean): string[] {
  return Object.entries(properties)
    .filter(([, property]) => holds(property))
    .map(([name]) => name);
}
