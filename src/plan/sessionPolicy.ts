/**
 * A session policy in one form, whatever the order of its keys and its white
 * space: compact JSON with sorted keys. Undefined where `text` is not the JSON
 * text of an object (EKS API: `policy`).
 */
export function canonicalPolicy(text: string): string | undefined {
  try {
    const policy: unknown = JSON.parse(text);
    return isObject(policy) ? JSON.stringify(policy, sortKeys) : undefined;
  } catch {
    // Not JSON, or nested so deep that writing it out again overflows the stack.
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
