import { createRequire } from "node:module";
import { z } from "zod";

const manifest = createRequire(import.meta.url)("@pulumi/aws/package.json");

/** The version of the real plugin that this one stands in for: that of the installed `@pulumi/aws`. */
export const version = z.object({ version: z.string() }).parse(manifest).version;

/** What to say where more is asked for than is served here. */
export function notServed(what: string): string {
  return (
    `${what} is not served by the stand-in for the aws plugin, which knows only ` +
    `aws:eks/podIdentityAssociation:PodIdentityAssociation; ` +
    `install the real one with \`pulumi plugin install resource aws v${version}\``
  );
}
