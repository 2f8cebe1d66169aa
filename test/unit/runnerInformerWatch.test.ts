import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { listServiceAccountsForWatch } from "../../src/kubernetes/serviceAccounts.ts";
import {
  RelistError,
  type ServiceAccountEvent,
  watchServiceAccounts,
} from "../../src/kubernetes/watchServiceAccounts.ts";
import { UserError } from "../../src/model/userError.ts";
import { backoff } from "../../src/runner/clock.ts";
import { configFor, listed, sendPage, sendStatus, startApiServer } from "./apiServerFixture.ts";

const range = { resourceVersion: "10", timeoutSeconds: 270 };

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function serviceAccount(name: string, resourceVersion: string, annotations?: object): object {
  return { kind: "ServiceAccount", metadata: { namespace: "shop", name, resourceVersion, annotations } };
}

interface Watched {
  readonly url: string;
  readonly requests: URL[];
  readonly events: ServiceAccountEvent[];
  readonly error: unknown;
}

/** All that a watch says when the server answers so. */
async function watched(answer: (response: ServerResponse) => void): Promise<Watched> {
  const server = await startApiServer((_token, _request, response) => answer(response));
  const events: ServiceAccountEvent[] = [];
  try {
    const signal = new AbortController().signal;
    for await (const event of await watchServiceAccounts(configFor(server.url), range, signal))
      events.push(event);
    return { ...server, events, error: undefined };
  } catch (error) {
    return { ...server, events, error };
  }
}

test("events are read however the bytes are cut, and a last one that was cut off is not told", async () => {
  const bytes = Buffer.from(
    line("ADDED", serviceAccount("app", "11", { owner: "Zoë 🚀" })) +
      line("BOOKMARK", { metadata: { resourceVersion: "20" } }) +
      line("MODIFIED", serviceAccount("app", "21")) +
      line("DELETED", serviceAccount("app", "22")) +
      line("ADDED", serviceAccount("late", "23")).slice(0, -2),
  );
  const { events, error, requests } = await watched((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  });
  expect(error).toBeUndefined();
  const app = { namespace: "shop", name: "app" };
  expect(events).toEqual([
    { type: "set", serviceAccount: { ...app, annotations: { owner: "Zoë 🚀" } }, resourceVersion: "11" },
    { type: "bookmark", resourceVersion: "20" },
    { type: "set", serviceAccount: { ...app, annotations: {} }, resourceVersion: "21" },
    { type: "deleted", serviceAccount: { ...app, annotations: {} }, resourceVersion: "22" },
  ]);
  expect(Object.fromEntries(requests[0]?.searchParams ?? [])).toEqual({
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: "10",
    timeoutSeconds: "270",
  });
});

test("a list says where the watch goes on", async () => {
  const { url } = await startApiServer((token, _request, response) =>
    sendPage(response, {
      items: [listed("shop", token || "first")],
      ...(token === "" && { continue: "second" }),
    }),
  );
  expect(await listServiceAccountsForWatch(configFor(url))).toEqual({
    items: ["first", "second"].map((name) => ({ namespace: "shop", name, annotations: {} })),
    resourceVersion: "7",
  });
});

const first = line("ADDED", serviceAccount("app", "11"));

test.each([
  {
    what: "410 in the stream",
    body: line("ERROR", { kind: "Status", code: 410, message: "too old resource version: 10 (500)" }),
    message: "410 too old resource version: 10 (500)",
  },
  {
    what: "another error in the stream",
    body: line("ERROR", { kind: "Status", code: 500, message: "etcd is away" }),
    message: "500 etcd is away",
  },
  { what: "what is no JSON", body: "<html>\n", message: "an event can't be read" },
  {
    what: "an unknown event",
    body: line("MOVED", serviceAccount("app", "12")),
    message: "an event can't be read",
  },
  {
    what: "an event without a version",
    body: line("ADDED", { metadata: { namespace: "a", name: "b" } }),
    message: "an event can't be read",
  },
])("$what asks for a new list, after the events before it", async ({ body, message }) => {
  const { events, error, url } = await watched((response) => void response.writeHead(200).end(first + body));
  expect(events).toHaveLength(1);
  expect(error).toBeInstanceOf(RelistError);
  expect(error).toHaveProperty("message", `watch serviceaccounts at ${url}: ${message}`);
});

test.each([
  { code: 410, relist: true, tail: "410 gone" },
  { code: 403, relist: false, tail: "403 gone; grant get, list and watch on serviceaccounts to this user" },
  { code: 503, relist: false, tail: "503 gone" },
])("a watch that is refused with $code: a new list is needed: $relist", async ({ code, relist, tail }) => {
  const { error, url } = await watched((response) => sendStatus(response, code, "gone"));
  expect(error).toBeInstanceOf(UserError);
  expect(error instanceof RelistError).toBe(relist);
  expect(error).toHaveProperty("message", `watch serviceaccounts at ${url}: ${tail}`);
});

test("a connection that is cut is an error after which the watch may go on", async () => {
  const { events, error } = await watched((response) => {
    response.writeHead(200);
    response.write(first, () => response.socket?.destroy());
  });
  expect(events).toHaveLength(1);
  expect(error).toBeInstanceOf(UserError);
  expect(error).not.toBeInstanceOf(RelistError);
});

test("the signal ends a watch on which nothing comes", async () => {
  const { url } = await startApiServer((_token, _request, response) =>
    response.writeHead(200).flushHeaders(),
  );
  const ended = new AbortController();
  const events = await watchServiceAccounts(configFor(url), range, ended.signal);
  const next = events[Symbol.asyncIterator]().next();
  ended.abort(new Error("enough"));
  await expect(next).rejects.toThrow(UserError);
});

test.each([
  [1, 0, 500],
  [1, 1, 1_000],
  [2, 1, 2_000],
  [5, 1, 16_000],
  [6, 1, 30_000],
  [60, 1, 30_000],
  [60, 0, 500],
  [2_000, 0.5, 15_250],
])("after %i failures and with chance %d the wait is %i ms", (failures, random, wait) => {
  expect(backoff(failures, random, { minimumMs: 500, maximumMs: 30_000 })).toBe(wait);
});
