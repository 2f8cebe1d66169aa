import { anything, type Pattern } from "../config/pattern.ts";
import type { ClusterRules, ServiceAccountMatcher } from "./types.ts";

/**
 * The same rules, with patterns that remember their answers for roles and
 * namespaces: a cluster has few of these and many ServiceAccounts, and an RE2
 * match costs far more than a look-up. Names are mostly seen once, so theirs
 * are not kept.
 */
export function rememberMatches(rules: ClusterRules): ClusterRules {
  return {
    ...rules,
    exclude: rules.exclude.map(rememberNamespaces),
    restrict: rules.restrict.map((rule) => ({
      roleArn: remember(rule.roleArn),
      allow: rule.allow.map(rememberNamespaces),
    })),
  };
}

function rememberNamespaces(matcher: ServiceAccountMatcher): ServiceAccountMatcher {
  return { namespace: remember(matcher.namespace), name: matcher.name };
}

function remember(pattern: Pattern): Pattern {
  if (pattern === anything) return pattern;
  const answers = new Map<string, boolean>();
  const matches = (text: string): boolean => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = pattern.matches(text);
    answers.set(text, answer);
    return answer;
  };
  return { source: pattern.source, matches };
}
