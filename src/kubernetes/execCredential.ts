/**
 * A Kubernetes credential plugin (client.authentication.k8s.io/v1): prints a
 * bearer token for an EKS cluster. The Kubernetes provider runs it.
 *
 *     node src/kubernetes/execCredential.ts --cluster NAME --region REGION [--role-arn ARN]
 */
import { parseArgs } from "node:util";
import { awsClientPool } from "../aws/clients.ts";
import { clusterToken } from "../aws/clusterToken.ts";

const { values } = parseArgs({
  options: { cluster: { type: "string" }, region: { type: "string" }, "role-arn": { type: "string" } },
});
const { cluster, region, "role-arn": roleArn } = values;
if (cluster === undefined || region === undefined) {
  process.stderr.write("usage: execCredential.ts --cluster NAME --region REGION [--role-arn ARN]\n");
  process.exit(2);
}

try {
  const scope = roleArn === undefined ? { region } : { region, roleArn };
  const { token, expires } = await clusterToken(awsClientPool()(scope).sts, cluster, new Date());
  process.stdout.write(
    JSON.stringify({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token, expirationTimestamp: expires.toISOString() },
    }),
  );
} catch (error) {
  const said = error instanceof Error ? error.message : String(error);
  process.stderr.write(`no token for cluster ${cluster}: ${said}\n`);
  process.exitCode = 1;
}
