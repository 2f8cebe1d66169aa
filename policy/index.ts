import { PolicyPack, type ResourceValidationArgs } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Config } from "../src/config/config.ts";
import { loadConfig } from "../src/config/load.ts";
import { configSource } from "../src/config/source.ts";
import { type DeclaredAssociation, missingOwnershipTags, restrictedRoles } from "./associationRules.ts";

const associationProps = z.object({
  clusterName: z.string(),
  region: z.string().optional(),
  namespace: z.string(),
  serviceAccount: z.string(),
  roleArn: z.string(),
  targetRoleArn: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
});

const providerProps = z.object({ region: z.string().optional() });

/** The same configuration as the program's: CONFIG_FILE, or `clusters` of the stack that is updated. */
function readConfig(): Config {
  const clusters = new pulumi.Config("eks-pod-identity-sync").getObject<unknown>("clusters");
  return loadConfig(configSource(process.env, { name: `Pulumi.${pulumi.getStack()}.yaml`, clusters }));
}

let known: Config | undefined;

/** The association that is validated; undefined for other resources, and while a value of it is not known yet. */
function associationOf(args: ResourceValidationArgs): DeclaredAssociation | undefined {
  if (args.type !== "aws:eks/podIdentityAssociation:PodIdentityAssociation") return undefined;
  const props = associationProps.safeParse(args.props);
  if (!props.success) return undefined;
  const { region, targetRoleArn, tags, ...rest } = props.data;
  const where = region ?? providerProps.safeParse(args.provider?.props ?? {}).data?.region;
  return {
    ...rest,
    ...(where === undefined ? {} : { region: where }),
    ...(targetRoleArn ? { targetRoleArn } : {}),
    tags: tags ?? {},
  };
}

function validate(rule: (association: DeclaredAssociation, config: Config) => readonly string[]) {
  return (args: ResourceValidationArgs, report: (message: string) => void) => {
    const association = associationOf(args);
    if (association === undefined) return;
    known ??= readConfig();
    for (const message of rule(association, known)) report(message);
  };
}

new PolicyPack("eks-pod-identity-sync", {
  policies: [
    {
      name: "restrict-roles",
      description: "A restricted role is used only by the ServiceAccounts that restrict_roles allows.",
      enforcementLevel: "mandatory",
      validateResource: validate(restrictedRoles),
    },
    {
      name: "ownership-tags",
      description: "Associations carry the tags that mark them as managed (pod_identity_association_tags).",
      enforcementLevel: "advisory",
      validateResource: validate(missingOwnershipTags),
    },
  ],
});
