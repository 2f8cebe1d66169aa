import { z } from "zod";
import { flag, mapping, optionalText, region, required } from "../config/fields.ts";
import type { LiveAssociation, RecordedAssociation } from "../model/association.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";

// What snapshots and files of recorded associations are made of. Messages are predicates, as in src/config/fields.ts.

function name(form: RegExp, ofWhat: string) {
  return z
    .string(required("is not text", `write the name of the ${ofWhat}`))
    .regex(form, `is not the name of a ${ofWhat}`);
}

// Kubernetes documentation, "Object Names and IDs".
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const namespace = name(new RegExp(`^(?=.{1,63}$)${LABEL}$`), "namespace");
const serviceAccountName = name(new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`), "ServiceAccount");

/** What tells a cluster apart from any other. The name's form: EKS API Reference, CreateCluster. */
export const clusterFields = {
  name: name(/^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/, "cluster"),
  region,
  account: z
    .string(required("is not text", "write the account's twelve digits"))
    .regex(/^\d{12}$/, "is not an AWS account; write its twelve digits"),
};

/** Text by key; a value that is left out is empty text, as in `key:`. */
const textByKey = z
  .record(
    z.string(),
    z.preprocess((value) => value ?? "", z.string("is not text")),
    "is not a mapping of text",
  )
  .prefault({});

/** A ServiceAccount; without annotations it may be written by its names alone. */
export const serviceAccount: z.ZodType<ServiceAccount> = mapping({
  namespace,
  name: serviceAccountName,
  annotations: textByKey,
});

const associationFields = {
  id: z.string(required("is not text", "write the association's id")).min(1, "is empty"),
  namespace,
  serviceAccount: serviceAccountName,
  roleArn: z.string(required("is not text", "write the ARN of the association's role")).min(1, "is empty"),
  tags: textByKey,
  targetRoleArn: optionalText,
  disableSessionTags: flag.optional(),
  policy: optionalText,
};

const associationFile = mapping(associationFields);

/** An association as the state holds it. */
export const recordedAssociation: z.ZodType<RecordedAssociation> = associationFile.transform(recorded);

/** An association as AWS holds it: the same, and the add-on that made it, if one did. */
export const liveAssociation: z.ZodType<LiveAssociation> = mapping({
  ...associationFields,
  ownerArn: optionalText,
}).transform(({ ownerArn, ...association }) => ({
  ...recorded(association),
  ...(ownerArn === undefined ? {} : { ownerArn }),
}));

function recorded(association: z.output<typeof associationFile>): RecordedAssociation {
  const { id, namespace, serviceAccount, tags } = association;
  const { roleArn, targetRoleArn, disableSessionTags, policy } = association;
  const spec = {
    roleArn,
    ...(targetRoleArn === undefined ? {} : { targetRoleArn }),
    ...(disableSessionTags ? { disableSessionTags } : {}),
    ...(policy === undefined ? {} : { policy }),
  };
  return { id, namespace, name: serviceAccount, spec, tags };
}
