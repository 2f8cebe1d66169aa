import type { Config } from "../../src/config/config.ts";
import { ConfigError, loadConfig } from "../../src/config/load.ts";

/** The configuration of a file with this text. */
export function fileConfig(text: string): Config {
  return loadConfig({ kind: "file", path: "config.yaml", text });
}

/** The configuration of a stack with these entries under `clusters`. */
export function stackConfig(clusters: unknown): Config {
  return loadConfig({ kind: "stack", name: "Pulumi.dev.yaml", clusters });
}

/** The lines of the error that `load` throws; none where it throws nothing. */
export function problemLines(load: () => Config): readonly string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The example of the Go controller's README. */
export const goControllerExample = `clusters:
  - role_arn: arn:aws:iam::123456789012:role/AnotherRole
    region: us-east-1
    cluster_name: ^example-cluster-2$
    self: false
    annotation: eks.amazonaws.com/role-arn
    exclude_service_accounts:
      - name: ^sa1$
        namespace: ^default$
      - namespace: ^kube-system$
    restrict_roles:
      - role_arn: ^arn:aws:iam::123456789012:role/role1$
        allow:
          - name: ^sa3$
            namespace: ^default$
          - name: ^sa4$
            namespace: ^kube-system$
      - role_arn: ^arn:aws:iam::123456789012:role/role2$
        allow:
          - name: ^sa5$
    pod_identity_association_tags:
      managed-by: eks-auto-pod-id-assoc
    max_concurrency: 5
    purge_external_stale_associations: false
    force_iterative_association_discovery: false
`;
