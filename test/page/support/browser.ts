import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { canRun } from "../../support/required.ts";
import { temporaryDirectory } from "../../support/sweep.ts";
import { HANG_MS, until as untilTrue } from "../../support/until.ts";

/** The browser of CHROMIUM_PATH, or the first on PATH that runs, as `.ci/run` looks for it. */
function findChromium(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const { CHROMIUM_PATH } = process.env;
  const paths = CHROMIUM_PATH ? [CHROMIUM_PATH] : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => spawnSync(path, ["--version"]).status === 0);
}

const path = findChromium();
/** `describe`, or what skips it where there is no browser. */
export const describeInChromium = canRun(
  "test/page",
  "REQUIRE_CHROMIUM",
  path === undefined ? "no Chromium that runs is on PATH, nor at CHROMIUM_PATH" : undefined,
)
  ? describe
  : describe.skip;

/** Screenshots of every state, for people to look at. */
const screenshots = process.env.SCREENSHOTS ?? join(tmpdir(), `page-screenshots-${userInfo().username}`);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** A browser for the tests of a file. Each page that it opens fails its test by an error on the console, or a request to elsewhere. */
export function useBrowser() {
  let browser: Browser;
  let complaints: string[] = [];
  beforeAll(async () => {
    // Chromium's sandbox needs rights that a container mostly lacks; the pages are our own.
    const args = ["--no-sandbox"];
    // Beside the profile, which Playwright keeps in a temporary folder, it writes into the user's home.
    browser = await chromium.launch({ executablePath: path ?? "", args, env: { ...process.env, HOME: home } });
  });
  afterAll(() => browser?.close());
  const home = temporaryDirectory();
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    const found = complaints;
    complaints = [];
    expect(found).toEqual([]);
  });
  return {
    async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
      // The clipboard asks people.
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(url).origin });
      const page = await context.newPage();
      page.setDefaultTimeout(HANG_MS);
      page.on("pageerror", (error) => complaints.push(`${error}`));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      page.on("request", (request) => {
        if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`request to ${request.url()}`);
      });
      await page.goto(url);
      return page;
    },
    /** Takes back the complaints that a test has caused on purpose. */
    expectComplaints(pattern: RegExp): void {
      expect(complaints.filter((text) => pattern.test(text))).not.toEqual([]);
      complaints = complaints.filter((text) => !pattern.test(text));
    },
  };
}

/** Waits for an expression to be true. Playwright's own function would need `unsafe-eval`, which the page forbids. */
export async function until(page: Page, expression: string): Promise<void> {
  await untilTrue(() => page.evaluate<boolean>(expression), 50).catch((cause) => {
    throw new Error(`${expression} has not become true`, { cause });
  });
}

/** Opens a view by its hash. */
export async function show(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

/** Fails with every violation of the rules of WCAG 2.2 AA, and takes a picture. */
export async function expectGoodView(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  // As a script of the test, which the content security policy of the page does not stop.
  await page.evaluate(axe);
  const violations = await page.evaluate(
    `axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
       .then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html, failureSummary }) => html + " " + failureSummary).join("; ")))`,
  );
  expect({ name, violations }).toEqual({ name, violations: [] });
  const { content, window } = await page.evaluate<{ content: number; window: number }>(
    "({ content: document.documentElement.scrollWidth, window: innerWidth })",
  );
  expect({ name, isTooWide: content > window }).toEqual({ name, isTooWide: false });
}
