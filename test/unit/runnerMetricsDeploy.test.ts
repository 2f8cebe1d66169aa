import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { definitionOf, metricNames } from "../../src/runner/metrics/metricDefinitions.ts";
import { prometheusMetrics } from "../../src/runner/metrics/prometheus.ts";

const dashboardSchema = z.object({
  panels: z.array(
    z.object({ id: z.number(), title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

async function deployed(file: string): Promise<string> {
  return readFile(new URL(`../../deploy/${file}`, import.meta.url), "utf8");
}

const dashboard = dashboardSchema.parse(JSON.parse(await deployed("grafana-dashboard.json")));
const rules = rulesSchema
  .parse(parse(await deployed("prometheus-alerts.yaml")))
  .groups.flatMap((group) => group.rules);

/** PromQL's own words, as far as they are used. */
const WORDS = new Set("by count histogram_quantile increase max or rate sum time vector".split(" "));

/** Names of metrics and of labels in a PromQL expression. */
function namesIn(expression: string): {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
} {
  const labels: string[] = [];
  const bare = expression
    .replaceAll(/\{([^}]*)\}/g, (_, matchers: string) => {
      labels.push(...Array.from(matchers.matchAll(/(\w+)\s*=/g), ([, label = ""]) => label));
      return "";
    })
    .replaceAll(/\bby \(([^)]*)\)/g, (_, list: string) => {
      labels.push(...list.split(/,\s*/));
      return "";
    })
    .replaceAll(/\[[^\]]*\]/g, "");
  const metrics = Array.from(bare.matchAll(/[a-zA-Z_]\w*/g), ([word]) => word).filter(
    (word) => !WORDS.has(word),
  );
  return { metrics, labels };
}

/** Every series name that the daemon shows, with its labels. */
async function shown(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = prometheusMetrics({ namespace: "", latencyBuckets: [1], dry: false });
  const all = (await registry.getMetricsAsJSON()).map(({ name }): [string, readonly string[]] => [name, []]);
  const own = metricNames().flatMap((name): readonly [string, readonly string[]][] => {
    const { prometheus, labels } = definitionOf(name);
    if (prometheus !== "histogram") return [[name, labels]];
    return ["bucket", "sum", "count"].map((part) => [`${name}_${part}`, [...labels, "le"]]);
  });
  return new Map([...all, ...own]);
}

const expressions = [
  ...dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [`panel ${title}`, expr] as const),
  ),
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
];

test.each(expressions)("%s: %s uses metrics and labels that there are", async (_where, expression) => {
  const series = await shown();
  const { metrics, labels } = namesIn(expression);
  expect(metrics).not.toEqual([]);
  expect(metrics.filter((name) => !series.has(name))).toEqual([]);
  const known = metrics.flatMap((name) => series.get(name) ?? []);
  expect(labels.filter((label) => !known.includes(label))).toEqual([]);
});

describe("the dashboard and the rules", () => {
  test("use every metric of the daemon but none twice under one name", () => {
    const used = new Set(expressions.flatMap(([, expression]) => namesIn(expression).metrics));
    const unused = metricNames().filter((name) => ![...used].some((one) => one.startsWith(name)));
    expect(unused).toEqual([]);
    const titles = [...dashboard.panels.map(({ title }) => title), ...rules.map(({ alert }) => alert)];
    expect(new Set(titles).size).toBe(titles.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  test("an alert's words use only labels that its series has", async () => {
    const series = await shown();
    for (const { alert, expr, annotations } of rules) {
      const known = namesIn(expr).metrics.flatMap((name) => series.get(name) ?? []);
      const asked = Array.from(
        Object.values(annotations)
          .join(" ")
          .matchAll(/\$labels\.(\w+)/g),
        ([, label = ""]) => label,
      );
      expect(
        asked.filter((label) => !known.includes(label)),
        alert,
      ).toEqual([]);
    }
  });
});
