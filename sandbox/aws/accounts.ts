import { parseRoleArn } from "../../src/model/roleArn.ts";
import { newIamId, newSecret } from "./randomId.ts";
import { OPEN_TRUST, POD_IDENTITY_TRUST } from "./trustPolicy.ts";

/** Keys that sign requests. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Whom an access key stands for. */
export interface Principal extends Credentials {
  readonly account: string;
  /** `arn:aws:iam::ACCOUNT:user/NAME` or `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly arn: string;
  /** Unique id, as GetCallerIdentity returns it. */
  readonly userId: string;
  /** Set for the session of a role. */
  readonly session?: { readonly roleArn: string; readonly name: string; readonly expiresAt: number };
}

/** An IAM role. */
export interface Role {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly trustPolicy: object;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Seconds. */
  readonly maxSessionDuration: number;
}

/** How an account treats roles that nobody added. */
export interface AccountOptions {
  /** True: every role of the account exists, and trusts Pod Identity and everybody in the simulator. */
  readonly permissive?: boolean;
}

/** A role to add; the default trust policy is Pod Identity's. */
export interface RoleSeed {
  readonly account: string;
  readonly name: string;
  /** Begins and ends with `/`. */
  readonly path?: string;
  readonly trustPolicy?: object;
  readonly maxSessionDuration?: number;
}

/** Accounts, users, roles and sessions. */
export class Accounts {
  readonly #permissive = new Map<string, boolean>();
  readonly #principals = new Map<string, Principal>();
  readonly #roles = new Map<string, Role>();
  /** Roles of permissive accounts that were asked for, by ARN. */
  readonly #implied = new Map<string, Role>();

  /** Adds an account with one user, `admin`, whose keys are returned. */
  addAccount(account: string, options: AccountOptions = {}): Credentials {
    this.#permissive.set(account, options.permissive ?? false);
    return this.addUser(account, "admin");
  }

  /** Adds an IAM user and returns its keys. */
  addUser(account: string, name: string): Credentials {
    const credentials = { accessKeyId: newIamId("AKIA"), secretAccessKey: newSecret(30) };
    const arn = `arn:aws:iam::${account}:user/${name}`;
    this.#principals.set(credentials.accessKeyId, { ...credentials, account, arn, userId: newIamId("AIDA") });
    return credentials;
  }

  /** Adds a role, or replaces the one of the same name. */
  addRole(seed: RoleSeed): Role {
    const role = newRole(seed);
    this.#roles.set(nameKey(seed.account, seed.name), role);
    return role;
  }

  /** Removes a role; sessions that it has go on until they expire. */
  removeRole(account: string, name: string): void {
    this.#roles.delete(nameKey(account, name));
  }

  /** The role with this ARN: one that was added, or any in a permissive account. */
  role(arn: string): Role | undefined {
    const parsed = parseRoleArn(arn);
    if (parsed === undefined) return undefined;
    const known = this.#roles.get(nameKey(parsed.account, parsed.name));
    if (known !== undefined) return known.arn === arn ? known : undefined;
    if (this.#permissive.get(parsed.account) !== true) return undefined;
    const path = arn.slice(arn.indexOf("/"), arn.length - parsed.name.length);
    const { account, name } = parsed;
    const implied = this.#implied.get(arn) ?? newRole({ account, name, path, trustPolicy: OPEN_TRUST });
    this.#implied.set(arn, implied);
    return implied;
  }

  /** The role of this name, names being unique in an account whatever their paths. */
  roleNamed(account: string, name: string): Role | undefined {
    return this.#roles.get(nameKey(account, name)) ?? this.role(`arn:aws:iam::${account}:role/${name}`);
  }

  /** Whom an access key stands for. */
  principal(accessKeyId: string): Principal | undefined {
    return this.#principals.get(accessKeyId);
  }

  /** The account's first user. */
  admin(account: string): Principal | undefined {
    return [...this.#principals.values()].find(
      (principal) => principal.account === account && principal.session === undefined,
    );
  }

  /** Temporary credentials for a session of `role`, until `expiresAt` (milliseconds since the epoch). */
  startSession(role: Role, name: string, expiresAt: number): Principal {
    const principal: Principal = {
      accessKeyId: newIamId("ASIA"),
      secretAccessKey: newSecret(30),
      sessionToken: newSecret(96),
      account: role.account,
      arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${name}`,
      userId: `${role.id}:${name}`,
      session: { roleArn: role.arn, name, expiresAt },
    };
    this.#principals.set(principal.accessKeyId, principal);
    return principal;
  }

  /** Makes all temporary credentials expire now. */
  expireSessions(): void {
    for (const [key, principal] of this.#principals) {
      if (principal.session === undefined) continue;
      this.#principals.set(key, { ...principal, session: { ...principal.session, expiresAt: 0 } });
    }
  }

  /** The accounts' ids. */
  ids(): readonly string[] {
    return [...this.#permissive.keys()];
  }
}

function nameKey(account: string, name: string): string {
  return `${account}/${name}`;
}

function newRole({
  account,
  name,
  path = "/",
  trustPolicy = POD_IDENTITY_TRUST,
  maxSessionDuration = 3600,
}: RoleSeed): Role {
  const arn = `arn:aws:iam::${account}:role${path}${name}`;
  return {
    arn,
    account,
    name,
    path,
    trustPolicy,
    maxSessionDuration,
    id: newIamId("AROA"),
    createdAt: Date.now(),
  };
}
