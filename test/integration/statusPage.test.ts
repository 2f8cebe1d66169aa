import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { Registry } from "prom-client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startStatusServer } from "../../src/runner/status/server.ts";
import { StatusBoard } from "../../src/runner/status/statusBoard.ts";
import { blue, decision, green, largePlan, plan, update, updateEnd } from "../unit/runnerStatusFixture.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The first Chromium on PATH. */
async function findChromium(): Promise<string | undefined> {
  const places = (process.env.PATH ?? "").split(delimiter);
  for (const path of places.flatMap((place) => NAMES.map((name) => join(place, name)))) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

const executablePath = await findChromium();
if (executablePath === undefined) {
  console.warn(`The status page is not tested in a browser: none of ${NAMES.join(", ")} is on PATH.`);
}

let browser: Browser;
const opened: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  if (executablePath === undefined) return;
  const quiet = ["background-networking", "component-update", "sync", "quic", "gpu"].map(
    (name) => `--disable-${name}`,
  );
  browser = await chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--no-first-run", ...quiet],
  });
});
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});
afterAll(async () => {
  await browser?.close();
});

interface Opened {
  readonly page: Page;
  readonly board: StatusBoard;
  readonly stopServer: () => Promise<void>;
  /** What the browser complained about: errors, and what the policy refused. */
  readonly complaints: string[];
}

async function open(
  tell: (board: StatusBoard) => void,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const board = new StatusBoard({ stacks: ["dev"], dry: false, now: Date.now });
  tell(board);
  const settings = {
    address: { host: "127.0.0.1", port: 0 },
    healthPath: "/health",
    metricsPath: "/metrics",
    intervalMs: 60_000,
  };
  const server = await startStatusServer({ settings, board, registry: new Registry() });
  let running = true;
  const stopServer = async () => {
    if (running) await server.stop();
    running = false;
  };
  opened.push({ stop: stopServer });
  const context = await browser.newContext(options);
  opened.push({ stop: () => context.close() });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url)) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(server.url);
  await page.getByText("Live", { exact: true }).waitFor();
  return { page, board, stopServer, complaints };
}

const attack = `"<img src=x onerror=document.title='attacked'><script>document.title='attacked'</script>" is not the ARN of an IAM role`;

function twoClusters(board: StatusBoard) {
  const now = Date.now();
  for (const cluster of [blue, green]) board.watchChanged("dev", cluster, { state: "live" }, now);
  const { associationId: _, ...restricted } = decision({
    name: "admin",
    action: "ignore",
    cause: "restricted_role",
  });
  board.planned(
    "dev",
    plan(blue, [
      decision(),
      { ...restricted, reason: "restrict_roles[0] does not allow it" },
      decision({ namespace: "web", name: "cdn", action: "keep", cause: "invalid", reason: attack }),
    ]),
    now,
    false,
  );
  board.planned("dev", plan(green, [decision({ namespace: "batch", name: "worker" })]), now, false);
  board.problems("dev", []);
}

const names = (page: Page) => page.locator(".window .name button").allTextContents();

describe.skipIf(executablePath === undefined)("the status page in Chromium", () => {
  test("shows clusters, rows with the reason where ignored, and users' text as text", async () => {
    const { page, complaints } = await open(twoClusters);
    await expect.poll(() => names(page)).toEqual(["shop/admin", "shop/api", "web/cdn", "batch/worker"]);
    expect(await page.getByRole("button", { name: /^blue In sync/ }).textContent()).toContain(
      "1 kept, 1 ignored, 1 in sync",
    );
    const admin = page.getByRole("row", { name: /shop\/admin/ });
    expect(await admin.textContent()).toContain("Restricted");
    expect(await admin.textContent()).toContain("restrict_roles[0] does not allow it");
    expect(await page.getByText(attack).count()).toBe(1);
    expect(await page.title()).toBe("Pod Identity");
    expect(await page.locator("#window img, #window script").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("searches, filters by state and cluster, keeps the filter in the address, and says when nothing matches", async () => {
    const { page } = await open(twoClusters);
    await page.getByRole("searchbox").fill("shop/a");
    await expect.poll(() => names(page)).toEqual(["shop/admin", "shop/api"]);
    await page.getByRole("button", { name: "Ignored 1" }).click();
    await expect.poll(() => names(page)).toEqual(["shop/admin"]);
    expect(await page.locator("#count").textContent()).toBe("1 of 4");
    await page.reload();
    await expect.poll(() => names(page)).toEqual(["shop/admin"]);
    await page.getByRole("searchbox").fill("nowhere");
    await page.getByText("Nothing matches.").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("combobox").selectOption({ label: "green (us-east-1, 444455556666)" });
    await expect.poll(() => names(page)).toEqual(["batch/worker"]);
    await page.getByRole("button", { name: /^green/ }).click();
    await expect.poll(() => names(page)).toHaveLength(4);
  });

  test("follows what happens without a reload: an update with its log, its changes, and health", async () => {
    const { page, board, complaints } = await open(twoClusters);
    await page.getByText("Healthy", { exact: true }).waitFor();
    const running = update({ startedAt: Date.now() });
    board.planned(
      "dev",
      plan(green, [decision({ namespace: "batch", name: "new", action: "create" })]),
      Date.now(),
      true,
    );
    board.updateStarted(running);
    board.updatePrinted(running, "creating batch/new");
    await page.getByText("To create").waitFor();
    await page.getByText("Running now").click();
    await page.getByText("creating batch/new").waitFor();
    board.associationChanged("dev", {
      cluster: green,
      namespace: "batch",
      name: "new",
      operation: "created",
      associationId: "a-new",
    });
    board.updateEnded(updateEnd({ startedAt: running.startedAt, endedAt: Date.now() }));
    await page.getByText("1 created").waitFor();
    await page.getByText("a-new").waitFor();
    expect(await page.getByText("creating batch/new").isVisible()).toBe(true);
    board.watchChanged("dev", green, { state: "connecting", reason: "connection refused" }, Date.now());
    await page.getByText("Not healthy").waitFor();
    expect(await page.getByRole("region", { name: "What is wrong" }).textContent()).toContain(
      "connection refused",
    );
    expect(complaints).toEqual([]);
  });

  test("draws few of 5,000 rows, finds any, and the keyboard reaches the last", async () => {
    const { page, complaints } = await open((board) =>
      board.planned("dev", largePlan(blue, 5000), Date.now(), false),
    );
    await expect.poll(() => names(page)).toContain("team-000/service-00");
    expect(await page.locator(".window .row").count()).toBeLessThan(80);
    await page.getByRole("button", { name: "team-000/service-00" }).focus();
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => page.locator(":focus").textContent()).toBe("team-000/service-01");
    await page.keyboard.press("End");
    await expect.poll(() => page.locator(":focus").textContent()).toBe("team-124/service-39");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("a-00000000000004999").waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.locator(":focus").textContent()).toBe("team-124/service-39");
    await page.keyboard.press("/");
    await page.keyboard.type("team-062 service-17");
    await expect.poll(() => names(page)).toEqual(["team-062/service-17"]);
    expect(complaints).toEqual([]);
  });

  test("says that the connection is lost", async () => {
    const { page, stopServer } = await open(twoClusters);
    await stopServer();
    await page.getByText("Connection lost").waitFor();
    expect(await names(page)).toHaveLength(4);
  });

  test("says what it waits for where nothing is known yet", async () => {
    const { page } = await open(() => {});
    await page.locator("main").getByText("No cluster has been read yet.").waitFor();
  });

  test.each(["light", "dark"] as const)("fits a phone, %s", async (colorScheme) => {
    const long = decision({
      namespace: "n".repeat(63),
      name: "s".repeat(63),
      action: "keep",
      cause: "invalid",
      reason: "x".repeat(300),
    });
    const { page } = await open(
      (board) => {
        twoClusters(board);
        board.planned("dev", plan(green, [long], "y".repeat(300)), Date.now(), false);
      },
      { viewport: { width: 390, height: 844 }, colorScheme, hasTouch: true, isMobile: true },
    );
    await expect.poll(() => names(page)).toHaveLength(4);
    const [width, background] = (await page.evaluate(
      `[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]`,
    )) as readonly [number, string];
    expect(width).toBe(390);
    expect(background).toBe(colorScheme === "light" ? "rgb(246, 247, 249)" : "rgb(17, 20, 26)");
    await page.getByRole("button", { name: "shop/admin" }).tap();
    await page.getByRole("dialog").getByText("restrict_roles[0] does not allow it").waitFor();
  });

  test("rows stand one under the other, and what they say fits", async () => {
    for (const width of [1280, 390]) {
      const { page } = await open(twoClusters, { viewport: { width, height: 800 } });
      await expect.poll(() => names(page)).toHaveLength(4);
      const rows = await page.locator(".window .row").all();
      const boxes = await Promise.all(rows.map((row) => row.boundingBox()));
      boxes.slice(1).forEach((box, index) => {
        expect(box?.y).toBe((boxes[index]?.y ?? 0) + (boxes[index]?.height ?? 0));
      });
      for (const row of rows) {
        expect(await row.evaluate((node) => node.scrollHeight - node.clientHeight)).toBeLessThanOrEqual(0);
      }
    }
  });
});
