import type { ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { EventsForbiddenError, writeServiceAccountEvent } from "../../src/kubernetes/serviceAccountEvents.ts";
import { UserError } from "../../src/model/userError.ts";
import { configFor, startApiServer } from "./apiServerFixture.ts";

const ref = { namespace: "shop", name: "app" };
const note = {
  type: "Warning",
  reason: "PodIdentityFailed",
  message: "no",
  at: Date.UTC(2026, 0, 2),
} as const;

/** What becomes of a note where the API server answers the read and the write so. */
async function written(
  read: { code: number; body: object },
  write: { code: number; body: object },
  message = "no",
): Promise<{ events: unknown[]; error: unknown; url: string }> {
  const events: unknown[] = [];
  const { url } = await startApiServer(async (_token, request, response: ServerResponse) => {
    const isRead = request.method === "GET";
    if (!isRead) events.push({ path: request.url, body: JSON.parse(await text(request)) });
    const { code, body } = isRead ? read : write;
    response.writeHead(code).end(JSON.stringify(body));
  });
  const signal = new AbortController().signal;
  const error = await writeServiceAccountEvent(configFor(url), ref, { ...note, message }, signal).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { events, error, url };
}

const there = { code: 200, body: { metadata: { uid: "u-1" } } };
const taken = { code: 201, body: {} };

test("an Event names the ServiceAccount by its uid, which kubectl looks for", async () => {
  const { events, error } = await written(there, taken);
  expect(error).toBeUndefined();
  expect(events).toMatchObject([
    {
      path: "/api/v1/namespaces/shop/events",
      body: {
        involvedObject: { apiVersion: "v1", kind: "ServiceAccount", ...ref, uid: "u-1" },
        type: "Warning",
        reason: "PodIdentityFailed",
        message: "no",
        lastTimestamp: "2026-01-02T00:00:00.000Z",
        source: { component: "pod-identity-sync" },
      },
    },
  ]);
});

test("a message that is too long is cut", async () => {
  const { events } = await written(there, taken, "x".repeat(5_000));
  expect(events).toMatchObject([{ body: { message: `${"x".repeat(1_023)}…` } }]);
});

test("a ServiceAccount that is gone gets no Event, and that is no error", async () => {
  expect(await written({ code: 404, body: {} }, taken)).toMatchObject({ events: [], error: undefined });
});

test("a namespace that is being deleted takes no Events, which is nobody's fault", async () => {
  const details = { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] };
  const { error } = await written(there, { code: 403, body: { message: "forbidden", details } });
  expect(error).toBeUndefined();
});

test.each([
  { what: "reading", read: { code: 403, body: { message: "not you" } }, write: taken },
  { what: "writing", read: there, write: { code: 403, body: { message: "not you" } } },
])("$what is forbidden: said so, with what to grant", async ({ read, write }) => {
  const { error, url } = await written(read, write);
  expect(error).toBeInstanceOf(EventsForbiddenError);
  expect(error).toHaveProperty(
    "message",
    `create event on serviceaccount shop/app at ${url}: 403 not you; grant create on events and get on serviceaccounts to this user`,
  );
});

test("another failure is not taken for a missing right", async () => {
  const { error } = await written(there, { code: 500, body: { message: "etcd is away" } });
  expect(error).toBeInstanceOf(UserError);
  expect(error).not.toBeInstanceOf(EventsForbiddenError);
});
