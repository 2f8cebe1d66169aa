import { once } from "node:events";
import { createServer } from "node:http";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/model/userError.ts";
import type { Clock } from "../../src/runner/clock.ts";
import { prometheusMetrics } from "../../src/runner/metrics/prometheus.ts";
import {
  type StatusServer,
  type StatusServerOptions,
  startStatusServer,
} from "../../src/runner/status/server.ts";
import { StatusBoard } from "../../src/runner/status/statusBoard.ts";
import { blue, decision, largePlan, plan, update } from "./runnerStatusFixture.ts";

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
});

const defaults = {
  address: { host: "127.0.0.1", port: 0 },
  healthPath: "/health",
  metricsPath: "/metrics",
  intervalMs: 60_000,
};

interface Started {
  readonly server: StatusServer;
  readonly board: StatusBoard;
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
}

async function start(
  settings: Partial<StatusServerOptions["settings"]> = {},
  options: Partial<Omit<StatusServerOptions, "settings">> = {},
): Promise<Started> {
  const board = new StatusBoard({ stacks: ["dev"], dry: false, now: Date.now });
  const server = await startStatusServer({
    settings: { ...defaults, ...settings },
    board,
    registry: new Registry(),
    ...options,
  });
  started.push(server);
  return { server, board, get: (path, init) => fetch(`${server.url}${path}`, init) };
}

function inSync(board: StatusBoard) {
  board.watchChanged("dev", blue, { state: "live" }, Date.now());
  board.planned("dev", plan(blue, [decision()]), Date.now(), false);
}

describe("checks", () => {
  test("health says why it is none, and that it is", async () => {
    const { board, get } = await start();
    const before = await get("/health");
    expect([before.status, await before.json()]).toEqual([
      503,
      { status: "unhealthy", reasons: [{ stack: "dev", message: "no cluster has been read yet" }] },
    ]);
    expect((await get("/readyz")).status).toBe(503);
    expect((await get("/livez")).status).toBe(200);
    inSync(board);
    const after = await get("/health");
    expect([after.status, await after.json()]).toEqual([200, { status: "ok" }]);
    expect((await get("/readyz")).status).toBe(200);
  });

  test("a loop that hangs is not alive", async () => {
    const later: Clock = {
      now: () => Date.now() + 3_600_000,
      steady: () => 0,
      after: () => () => {},
    };
    const { get } = await start({}, { clock: later });
    expect((await get("/livez")).status).toBe(503);
  });

  test("the paths are the settings', which go before fixed ones", async () => {
    const { observer, registry } = prometheusMetrics({ namespace: "", latencyBuckets: [1], dry: false });
    observer.leadershipChanged?.(true, 0);
    const { get } = await start({ healthPath: "/up", metricsPath: "/livez" }, { registry });
    expect((await get("/up")).status).toBe(503);
    expect((await get("/health")).status).toBe(404);
    const metrics = await get("/livez");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await metrics.text()).toContain("\nleader 1\n");
  });
});

describe("what is wrong with the settings", () => {
  test("one path for two things", async () => {
    await expect(start({ metricsPath: "/health" })).rejects.toThrow(
      new UserError("HEALTH_PATH and METRICS_PATH are both /health: give each a path of its own"),
    );
  });

  test("a port in use names ADDR", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    started.push({
      stop: async () => {
        other.close();
      },
    });
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(start({ address: { host: "127.0.0.1", port } })).rejects.toThrow(
      new UserError(`ADDR: 127.0.0.1:${port} is in use; set ADDR or --addr to another HOST:PORT`),
    );
  });

  test("an address that is not this machine's", async () => {
    await expect(start({ address: { host: "192.0.2.1", port: 0 } })).rejects.toThrow(
      /^ADDR: 192.0.2.1:0 can't be listened on/,
    );
  });
});

describe("answers", () => {
  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is refused everywhere", async (method) => {
    const { get } = await start();
    for (const path of ["/", "/health", "/api/status", "/api/events", "/nowhere"]) {
      const answer = await get(path, { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
  });

  test.each(["/", "/page/page.js", "/page/page.css", "/api/status", "/api/events", "/metrics", "/livez"])(
    "HEAD %s has headers and no body",
    async (path) => {
      const { get } = await start();
      const answer = await get(path, { method: "HEAD" });
      expect([answer.status, await answer.text()]).toEqual([200, ""]);
    },
  );

  test("every answer carries a strict policy", async () => {
    const { get } = await start();
    for (const path of ["/", "/page/page.js", "/api/status", "/nowhere", "/health"]) {
      const { headers } = await get(path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
    }
  });

  test("the page is HTML, its modules JavaScript, and no path leads out of it", async () => {
    const { get } = await start();
    expect((await get("/")).headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect((await get("/?x=1")).status).toBe(200);
    expect((await get("/page/rows.js")).headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    for (const path of ["/page/tsconfig.json", "/page/../server.ts", "/page/..%2fserver.ts", "//"]) {
      expect((await get(path)).status, path).toBe(404);
    }
  });

  test.each([
    ["gzip", "gzip"],
    ["br, gzip;q=0.5", "gzip"],
    ["br", null],
    ["gzip;q=0", null],
  ])("Accept-Encoding %s: %s", async (accepted, encoding) => {
    const { board, get } = await start();
    board.planned("dev", largePlan(blue, 200), 0, false);
    const answer = await get("/api/status", { headers: { "accept-encoding": accepted } });
    expect(answer.headers.get("content-encoding")).toBe(encoding);
    expect(await answer.json()).toMatchObject({
      dry: false,
      stacks: [{ name: "dev", clusters: [{ name: "blue" }] }],
    });
  });
});

/** Events as they come, each its name and data. */
async function* eventsOf(answer: Response) {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const [, event, data = ""] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      yield { event, data: JSON.parse(data) };
    }
  }
}

describe("the stream of events", () => {
  test.each(["gzip", "identity"])("first everything, then what changed (%s)", async (encoding) => {
    const { board, get } = await start();
    inSync(board);
    const events = eventsOf(await get("/api/events", { headers: { "accept-encoding": encoding } }));
    expect((await events.next()).value).toMatchObject({
      event: "status",
      data: { reasons: [], stacks: [{ clusters: [{ rows: [{ name: "api" }] }] }] },
    });
    board.planned("dev", plan(blue, [decision(), decision({ name: "web" })]), Date.now(), false);
    expect((await events.next()).value).toMatchObject({
      event: "delta",
      data: { stacks: [{ clusters: [{ rows: { set: [{ name: "web" }], gone: [] } }] }] },
    });
    await events.return(undefined);
  });

  test("at most two a second, however much happens; and one now and then where nothing does", async () => {
    let now = 0;
    const timers: { at: number; run: () => void }[] = [];
    const clock: Clock = {
      now: () => now,
      steady: () => now,
      after(milliseconds, run) {
        const timer = { at: now + milliseconds, run };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
      },
    };
    const pass = (milliseconds: number) => {
      const end = now + milliseconds;
      for (;;) {
        const next = timers.sort((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        timers.shift();
        now = next.at;
        next.run();
      }
      now = end;
    };
    const { board, server, get } = await start({}, { clock });
    const events = eventsOf(await get("/api/events", { headers: { "accept-encoding": "identity" } }));
    await events.next();
    board.updateStarted(update());
    for (let line = 0; line < 100; line += 1) {
      board.updatePrinted(update(), `line ${line}`);
      pass(20);
    }
    pass(10_000);
    const stopped = server.stop();
    pass(1_000);
    const seen: number[] = [];
    for await (const { data } of events) seen.push(data.now);
    await stopped;
    expect(seen.slice(0, 4)).toEqual([500, 1000, 1500, 2000]);
    expect(seen.slice(4)).toEqual([7000, 12_000]);
  });

  test("a stop ends every stream", async () => {
    const { server, get } = await start();
    const events = eventsOf(await get("/api/events"));
    await events.next();
    await server.stop();
    started.length = 0;
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test("only so many streams are open at a time", async () => {
    const { get } = await start();
    const aborted = new AbortController();
    const open = Array.from({ length: 64 }, () => get("/api/events", { signal: aborted.signal }));
    const answers = await Promise.all(open);
    const refused = await get("/api/events");
    aborted.abort();
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  });
});
