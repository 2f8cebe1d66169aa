// arn:PARTITION:iam::ACCOUNT:role/PATH/NAME, per the IAM User Guide ("IAM identifiers"): path and name
// take these characters only, the name has at most 64 of them.
const ROLE_ARN = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/((?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,64})$/;

/** The parts of a role's ARN. */
export interface RoleArn {
  readonly partition: string;
  readonly account: string;
  /** Without the path. */
  readonly name: string;
}

/** The parts of `text`, or undefined where it is not the ARN of an IAM role, to the letter (blanks count). */
export function parseRoleArn(text: string): RoleArn | undefined {
  const match = ROLE_ARN.exec(text);
  if (match === null) return undefined;
  const [, partition = "", account = "", , name = ""] = match;
  return { partition, account, name };
}
