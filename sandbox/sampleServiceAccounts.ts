import type { ServiceAccount } from "../src/model/serviceAccount.ts";

/** Roles for pods that `npm run sandbox` makes in every account. */
export const sampleRoles = ["reports-reader", "orders-writer", "queue-worker"] as const;

const PER_NAMESPACE = 5;
const MOST_NAMESPACES = 20;
const ROLE_ANNOTATION = "eks.amazonaws.com/role-arn";

/** `count` annotated ServiceAccounts, spread over namespaces and the roles of the account. */
export function sampleServiceAccounts(count: number, account: string): readonly ServiceAccount[] {
  const namespaces = Math.min(Math.ceil(count / PER_NAMESPACE), MOST_NAMESPACES);
  return Array.from({ length: count }, (_, index) => ({
    namespace: `team-${(index % namespaces) + 1}`,
    name: `app-${index + 1}`,
    annotations: {
      [ROLE_ANNOTATION]: `arn:aws:iam::${account}:role/${sampleRoles[index % sampleRoles.length]}`,
    },
  }));
}
