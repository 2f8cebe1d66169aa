import { EKSClient } from "@aws-sdk/client-eks";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import Table from "cli-table3";
import { describeAssociation, listAssociations } from "../src/aws/eks.ts";
import type { ClusterRef } from "../src/model/cluster.ts";
import { keyOf } from "../src/model/serviceAccount.ts";
import { type Expected, syncRole } from "./scenario.ts";

/** An association as the EKS API answers for it now. */
export interface AssociationRow {
  readonly cluster: ClusterRef;
  /** `namespace/name` of its ServiceAccount. */
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly id: string;
}

/**
 * Asks the EKS API what the clusters hold.
 * @param baseAccount the account of the credentials; into others a role is assumed
 */
export async function readBack(
  clusters: readonly ClusterRef[],
  baseAccount: string,
): Promise<readonly AssociationRow[]> {
  const rows = await Promise.all(
    clusters.map(async (cluster) => {
      const { region, account } = cluster;
      const params = { RoleArn: syncRole(account), RoleSessionName: "quickstart" };
      const credentials =
        account === baseAccount
          ? {}
          : { credentials: fromTemporaryCredentials({ params, clientConfig: { region } }) };
      const eks = new EKSClient({ region, ...credentials });
      const listed = await listAssociations(eks, cluster.name);
      return Promise.all(
        listed.map(async ({ id, ...ref }) => {
          const roleArn = (await describeAssociation(eks, cluster.name, id))?.spec.roleArn ?? "(gone)";
          return { cluster, serviceAccount: keyOf(ref), roleArn, id };
        }),
      );
    }),
  );
  return rows.flat();
}

/** What differs between the associations found and those expected, a line each. */
export function differences(rows: readonly AssociationRow[], expected: Expected): readonly string[] {
  const missing = new Map([...expected].map(([cluster, roles]) => [cluster, new Map(roles)]));
  const found: string[] = [];
  for (const { cluster, serviceAccount, roleArn } of rows) {
    const wanted = missing.get(cluster.name)?.get(serviceAccount);
    missing.get(cluster.name)?.delete(serviceAccount);
    if (wanted === undefined) found.push(`${cluster.name} ${serviceAccount}: not expected (${roleArn})`);
    else if (wanted !== roleArn)
      found.push(`${cluster.name} ${serviceAccount}: ${roleArn}, expected ${wanted}`);
  }
  for (const [cluster, roles] of missing) {
    for (const [serviceAccount, role] of roles)
      found.push(`${cluster} ${serviceAccount}: missing, expected ${role}`);
  }
  return found;
}

/** The associations as a table, those that `marks` names marked with what happened to them. */
export function associationTable(
  rows: readonly AssociationRow[],
  marks: ReadonlyMap<string, string>,
): string {
  const plain = process.env.NO_COLOR !== undefined || !process.stdout.isTTY;
  const table = new Table({
    head: ["cluster", "ServiceAccount", "role", ""],
    // No rule between the lines: two clusters fit on a screen.
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    style: plain ? { head: [], border: [] } : { head: ["bold"], border: ["gray"] },
  });
  const line = (row: AssociationRow) => `${row.cluster.name} ${row.serviceAccount}`;
  for (const row of [...rows].sort((a, b) => (line(a) < line(b) ? -1 : 1))) {
    table.push([
      row.cluster.name,
      row.serviceAccount,
      row.roleArn.split(":").slice(4).join(":"),
      marks.get(line(row)) ?? "",
    ]);
  }
  return table.toString();
}
