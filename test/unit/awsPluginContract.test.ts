import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { ignoredKeys, nestedSchemas, refusedKeys, servedKeys } from "../../aws-plugin/configuration.ts";
import { version } from "../../aws-plugin/package.ts";
import {
  inputProperties,
  outputProperties,
  token,
} from "../../aws-plugin/podIdentityAssociation/properties.ts";
import { packageSchema } from "../../aws-plugin/schema.ts";

const require = createRequire(import.meta.url);

/** A member of a declaration in a `.d.ts` file: its type without Input/Output and without `undefined`. */
interface Member {
  readonly type: string;
  readonly optional: boolean;
}

describe("what @pulumi/aws declares and the stand-in serves is the same", () => {
  const resource = declarations("@pulumi/aws/eks/podIdentityAssociation.d.ts");

  test("inputs: PodIdentityAssociationArgs", () => {
    const served = Object.entries(inputProperties).map(([name, { type, required }]) => [
      name,
      { type, optional: !required },
    ]);
    expect(Object.fromEntries(served)).toEqual(resource("PodIdentityAssociationArgs"));
  });

  test("outputs: class PodIdentityAssociation", () => {
    const served = Object.entries(outputProperties).map(([name, { type, always }]) => [
      name,
      { type, optional: !always },
    ]);
    expect(Object.fromEntries(served)).toEqual(resource("PodIdentityAssociation"));
  });

  test("provider configuration: ProviderArgs", () => {
    const known = [...servedKeys, ...ignoredKeys, ...Object.keys(refusedKeys)].sort();
    const declared = declarations("@pulumi/aws/provider.d.ts")("ProviderArgs");
    expect(known).toEqual(Object.keys(declared).sort());
  });

  const nested = declarations("@pulumi/aws/types/input.d.ts");

  test.each(["ProviderAssumeRole", "ProviderDefaultTags", "ProviderIgnoreTags"] as const)("%s", (name) => {
    expect(Object.keys(nestedSchemas[name].shape).sort()).toEqual(Object.keys(nested(name)).sort());
  });

  test("ProviderEndpoint has the services that are called", () => {
    const services = Object.keys(nestedSchemas.ProviderEndpoint.shape);
    expect(Object.keys(nested("ProviderEndpoint"))).toEqual(expect.arrayContaining(services));
  });

  test("type token, version", () => {
    const code = readFileSync(require.resolve("@pulumi/aws/eks/podIdentityAssociation.js"), "utf8");
    expect(/__pulumiType = '(.*)'/.exec(code)?.[1]).toBe(token);
    expect(version).toBe(require("@pulumi/aws/package.json").version);
    expect(packageSchema()).toMatchObject({ name: "aws", version, resources: { [token]: {} } });
  });

  test("import id, as the documentation of the class shows it", () => {
    const documentation = readFileSync(
      require.resolve("@pulumi/aws/eks/podIdentityAssociation.d.ts"),
      "utf8",
    );
    expect(documentation).toMatch(`pulumi import ${token} example example-cluster,a-`);
  });
});

/** Reads the members of an interface or class of a declaration file. */
function declarations(module: string): (name: string) => Record<string, Member> {
  const file = require.resolve(module);
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  return (name) => {
    const found = source.statements.find(
      (statement): statement is ts.InterfaceDeclaration | ts.ClassDeclaration =>
        (ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement)) &&
        statement.name?.text === name,
    );
    if (found === undefined) throw new Error(`${module} declares no ${name}`);
    const members: Record<string, Member> = {};
    for (const member of found.members) {
      const isProperty = ts.isPropertySignature(member) || ts.isPropertyDeclaration(member);
      if (isProperty && member.type && ts.isIdentifier(member.name))
        members[member.name.text] = read(member.type);
    }
    return members;
  };
}

/** `pulumi.Input<string | undefined>` is an optional string, a map of strings is `tags`. */
function read(type: ts.TypeNode): Member {
  const text = type.getText().replaceAll(/\s+/g, "");
  const inner = /^pulumi\.(?:Input|Output)<(.*)>$/.exec(text)?.[1] ?? text;
  const plain = inner.replace(/\|undefined$/, "");
  const isMap = /^\{\[key:string\]:(pulumi\.Input<string>|string);\}$/.test(plain);
  return { type: isMap ? "tags" : plain, optional: inner !== plain };
}
