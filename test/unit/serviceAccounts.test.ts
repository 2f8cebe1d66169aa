import { KubeConfig } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { listServiceAccounts } from "../../src/kubernetes/serviceAccounts.ts";
import { UserError } from "../../src/model/userError.ts";
import {
  type Answer,
  configFor,
  listed,
  type Page,
  sendPage,
  sendStatus,
  startApiServer,
} from "./apiServerFixture.ts";

const role = { "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/app" };

const pages: Readonly<Record<string, Page>> = {
  "": { items: [listed("a", "one", role), listed("a", "two")], continue: "second" },
  second: { items: [listed("b", "one")], continue: "third" },
  // API servers write an empty token, or none, on the last page.
  third: { items: [listed("c", "one", {})], continue: "" },
};

/** Serves the three pages, but where `refuse` answers first. */
function serve(refuse: Partial<Record<string, Answer>> = {}): Answer {
  return (token, request, response) => {
    const page = pages[token];
    const other = refuse[token];
    if (other !== undefined) other(token, request, response);
    else if (page !== undefined) sendPage(response, page);
    else sendStatus(response, 400, `there is no page ${token}`);
  };
}

async function errorOf(listing: Promise<unknown>): Promise<string> {
  const error = await listing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  const message = error instanceof Error ? error.message : "";
  expect(message).not.toContain("\n");
  return message;
}

test("all pages are read, each after the one before, and annotations may be missing", async () => {
  const { url, requests } = await startApiServer(serve());
  expect(await listServiceAccounts(configFor(url))).toEqual([
    { namespace: "a", name: "one", annotations: role },
    { namespace: "a", name: "two", annotations: {} },
    { namespace: "b", name: "one", annotations: {} },
    { namespace: "c", name: "one", annotations: {} },
  ]);
  expect(requests.map(({ pathname }) => pathname)).toEqual(Array(3).fill("/api/v1/serviceaccounts"));
  expect(requests.map(({ searchParams }) => searchParams.get("limit"))).toEqual(["500", "500", "500"]);
  expect(requests.map(({ searchParams }) => searchParams.get("continue"))).toEqual([null, "second", "third"]);
});

test.each([
  {
    ...{ page: "first", code: 401, message: "Unauthorized" },
    // The client keeps no body of a 401.
    said: "401; the credentials are not admitted: give the AWS principal an access entry in the cluster",
  },
  {
    ...{ page: "second", code: 403, message: 'User "sync" cannot list resource "serviceaccounts"' },
    said: '403 User "sync" cannot list resource "serviceaccounts"; grant get, list and watch on serviceaccounts to this user',
  },
  {
    ...{ page: "second", code: 410, message: "The provided continue parameter is too old" },
    said: "410 The provided continue parameter is too old; the list changed too fast to be read whole; try again",
  },
])("$code on the $page page fails the whole list, with what to do", async ({ page, code, message, said }) => {
  const refuse: Answer = (_token, _request, response) => sendStatus(response, code, message);
  const { url } = await startApiServer(serve({ [page === "first" ? "" : page]: refuse }));
  expect(await errorOf(listServiceAccounts(configFor(url)))).toBe(`list serviceaccounts at ${url}: ${said}`);
});

test("a server that fails on the last page fails the whole list, whatever it answers", async () => {
  const refuse: Answer = (_token, _request, response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<html>\nBad Gateway\n</html>");
  };
  const { url } = await startApiServer(serve({ third: refuse }));
  expect(await errorOf(listServiceAccounts(configFor(url)))).toBe(`list serviceaccounts at ${url}: 502`);
});

test("a connection that ends amid a page fails the whole list", async () => {
  const cut: Answer = (_token, request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"items": [', () => request.socket.destroy());
  };
  const { url } = await startApiServer(serve({ second: cut }));
  expect(await errorOf(listServiceAccounts(configFor(url)))).toMatch(
    new RegExp(`^list serviceaccounts at ${url}: .+; check that the API server is reachable$`),
  );
});

test.each(["not json at all", '{"kind": "Status"}', "[]", "null"])(
  "a page that holds no list (%s) fails the whole list",
  async (body) => {
    const odd: Answer = (_token, _request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    };
    const { url } = await startApiServer(serve({ second: odd }));
    expect(await errorOf(listServiceAccounts(configFor(url)))).toContain(url);
  },
);

test("a ServiceAccount without a name or namespace makes the list unusable", async () => {
  const nameless: Answer = (_token, _request, response) =>
    sendPage(response, { items: [{ metadata: { name: "one" } }] });
  const { url } = await startApiServer(serve({ second: nameless }));
  expect(await errorOf(listServiceAccounts(configFor(url)))).toBe(
    `${url} answered with a ServiceAccount without name or namespace`,
  );
});

test("nobody there, and no cluster configured", async () => {
  const { url, stop } = await startApiServer(serve());
  await stop();
  expect(await errorOf(listServiceAccounts(configFor(url)))).toMatch(
    new RegExp(`^list serviceaccounts at ${url}: .*ECONNREFUSED.*; check that the API server is reachable$`),
  );
  expect(await errorOf(listServiceAccounts(new KubeConfig()))).toMatch(
    /^no Kubernetes cluster is configured/,
  );
});
