import { columnSchema } from "../../worker/src/api/sweeps.ts";
import { cluster, columnOf, laptop, large, noWorkers, running, sweepIn, waiting } from "./support/answers.ts";
import { describeInChromium, show, useBrowser } from "./support/browser.ts";
import { PageServer, problem } from "./support/page-server.ts";

const HASH = `#/sweeps/${running.name}`;

describeInChromium("the view of a sweep", () => {
  const { open, expectComplaints } = useBrowser();
  let server: PageServer;
  let url = "";
  beforeEach(async () => {
    server = new PageServer();
    server.environment = cluster;
    server.workers = noWorkers;
    server.sweeps = [running, waiting, large];
    url = await server.start();
  });
  afterEach(() => server.stop());
  const countOf = (pattern: RegExp) => server.requests.filter((request) => pattern.test(request)).length;

  test("follows the sweep, says when the connection is lost, and goes on by itself", async () => {
    const page = await open(url + HASH);
    await page.getByText("Live", { exact: true }).waitFor();
    const bar = page.getByRole("progressbar");
    expect(await bar.getAttribute("aria-valuetext")).toBe("62.0%, 6,200,000 of 10,000,000 parameters");
    expect(await page.title()).toBe("62.0% · collatz-daec0fe4");
    const maps = countOf(/blocks/);

    const counts = { present: 8_999_900, failed: 100, isFailedExact: true, remaining: 1_000_000 };
    server.change({ ...running, counts });
    await page.getByText("9,000,000 of 10,000,000 parameters").waitFor();
    expect(await page.title()).toBe("90.0% · collatz-daec0fe4");
    while (countOf(/blocks/) === maps) await page.waitForTimeout(20);

    server.goAway();
    await page.getByText("Connection lost, trying again").waitFor();
    await page.getByText("9,000,000 of 10,000,000 parameters").waitFor();
    server.comeBack();
    await page.getByText("Live", { exact: true }).waitFor();
    expectComplaints(/ERR_|Failed to load/);

    server.change(sweepIn("verified"));
    await page.getByText("verified", { exact: true }).first().waitFor();
    expect(await page.getByRole("link", { name: "Receipt" }).getAttribute("href")).toBe(
      `api/sweeps/${running.name}/receipt`,
    );
    expect(await page.getByRole("button", { name: "Cancel …" }).count()).toBe(0);
  });

  test("asks for nothing while the tab is hidden", async () => {
    const page = await open(url + HASH);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("640,000 parameters were read").waitFor();
    expect(server.watchers).toBe(1);
    const hide = (isHidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { configurable: true, value: ${isHidden} }); document.dispatchEvent(new Event("visibilitychange"))`,
      );
    await hide(true);
    while (server.watchers > 0) await page.waitForTimeout(20);
    const before = server.requests.length;
    // Longer than the time between two requests for the workers.
    await page.waitForTimeout(11_000);
    expect(server.requests.slice(before)).toEqual([]);
    await hide(false);
    while (server.watchers === 0) await page.waitForTimeout(20);
    // A sample of the results is up to 64 reads of the bucket, and nobody has asked for a new one.
    expect(countOf(/columns/)).toBe(1);
  });

  test("has a map that the keyboard and a screen reader can read", async () => {
    const page = await open(url + HASH);
    const map = page.getByRole("slider", { name: /^Map/ });
    await map.focus();
    const text = () => map.getAttribute("aria-valuetext");
    await page.keyboard.press("Home");
    expect(await text()).toBe("Parameters 0 to 9,999: 9,999 done, 1 failed, 5 ms each");
    await page.keyboard.press("ArrowRight");
    expect(await text()).toBe("Parameters 10,000 to 19,999: 10,000 done, 5.27 ms each");
    // What is said is also there to be read.
    await page.locator(".readout", { hasText: "Parameters 10,000 to 19,999" }).waitFor();
    await page.keyboard.press("ArrowDown");
    const columns = Number(await map.getAttribute("aria-valuenow")) - 1;
    expect(columns).toBeGreaterThan(10);
    await page.keyboard.press("ArrowUp");
    expect(await map.getAttribute("aria-valuenow")).toBe("1");
    await page.keyboard.press("End");
    expect(await text()).toBe("Parameters 9,990,000 to 9,999,999: 0 done, 10,000 missing");
    await page.keyboard.press("PageUp");
    expect(await map.getAttribute("aria-valuenow")).toBe(String(Math.max(0, 999 - 10 * columns)));

    await page.keyboard.press("Home");
    await page.getByRole("button", { name: "Next failure" }).press("Enter");
    const [, start = ""] = /^Parameters ([\d,]+) to .* 1 failed/.exec((await text()) ?? "") ?? [];
    await page.getByText(`From parameter ${start} on`).waitFor();
    await page.getByRole("button", { name: "Previous page" }).click();
    await page.getByText("Parameter 7", { exact: true }).waitFor();

    // Everybody else points.
    const box = await map.boundingBox();
    await map.hover({ position: { x: (box?.width ?? 0) - 4, y: 4 } });
    await page.locator(".readout", { hasText: `Parameters ${columns - 1}0,000 to` }).waitFor();
    await page.getByText("The map as a table").click();
    const rows = page.getByRole("table").filter({ hasText: "Time each" }).getByRole("row");
    expect(await rows.count()).toBe(11);
    expect(await rows.nth(1).getByRole("cell").allTextContents()).toEqual(["999,994", "6", "0", "7.74 ms"]);
  });

  test("has at most 4,096 cells for a billion parameters, and fewer on a phone", async () => {
    const page = await open(`${url}#/sweeps/${large.name}`);
    await page.getByRole("slider", { name: /^Map/ }).waitFor();
    expect(countOf(/blocks\?cells=4096$/)).toBe(1);
    expect(await page.getByRole("slider", { name: /^Map/ }).getAttribute("aria-label")).toBe(
      "Map of the parameters of ttg:collatz-77777777, 4,096 cells",
    );
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole("slider", { name: "1,024 cells" }).waitFor();
    const area = await page.evaluate<number>("document.querySelector('canvas').clientWidth");
    expect(area).toBeLessThanOrEqual(360);
  });

  test("shows failures by page, each with a line to copy", async () => {
    const page = await open(url + HASH);
    await page.getByText("Parameter 70,010").waitFor();
    await page.getByText("RangeError: the sequence of 70010 has no end").waitFor();
    const line = "sweep replay 70010 --results s3://prod-results/runs/queue/collatz-daec0fe4";
    await page.getByRole("button", { name: `Copy ${line}` }).click();
    await page.getByText("Copied").first().waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(line);
    const next = page.getByRole("button", { name: "Next page" });
    const shown = [7];
    for (; (await next.count()) > 0; shown.push(shown.length)) {
      await next.click();
      await page
        .getByText(`Parameter ${(7 + 70_003 * 5 * shown.length).toLocaleString("en")}`, { exact: true })
        .waitFor();
    }
    // 37 failures in pages of 5.
    expect(shown).toHaveLength(8);
    await page.getByRole("button", { name: "Previous page" }).click();
    await page.getByText("Parameter 2,100,097").waitFor();
  });

  test("cancels and resumes after a question, by keyboard alone", async () => {
    const page = await open(url + HASH);
    const cancel = page.getByRole("button", { name: "Cancel …" });
    await cancel.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Cancel this sweep?" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Cancel …");
    expect(countOf(/^POST/)).toBe(0);

    await cancel.press("Enter");
    server.overrides.set(`POST /api/sweeps/${running.name}/cancel`, problem(409, "Conflict", "it has ended already"));
    await page.getByLabel("Reason").fill("a wrong seed");
    await page.keyboard.press("Enter");
    await dialog.getByText("it has ended already").waitFor();
    expectComplaints(/409/);
    server.overrides.set(`POST /api/sweeps/${running.name}/cancel`, { status: 200, body: {} });
    await page.getByRole("button", { name: "Cancel the sweep" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(server.bodies).toEqual([{ reason: "a wrong seed" }, { reason: "a wrong seed" }]);

    server.change(sweepIn("cancelled", { stop: { reason: "a wrong seed", at: running.createdAt } }));
    await page.getByText("a wrong seed").waitFor();
    server.overrides.set(`POST /api/sweeps/${running.name}/resume`, {
      status: 200,
      body: { name: running.name, isNew: false, messages: 3 },
    });
    await page.getByRole("button", { name: "Resume …" }).press("Enter");
    await page.getByLabel("Executors").fill("3");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(server.bodies.at(-1)).toEqual({ executors: 3 });
  });

  test("offers no resumption on a computer without machines", async () => {
    server.environment = laptop;
    server.sweeps = [sweepIn("cancelled", { stop: { reason: "a wrong seed", at: running.createdAt } })];
    const page = await open(url + HASH);
    await page.getByText("The page of its environment resumes it, and so does sweep resume in a terminal.").waitFor();
    expect(await page.getByRole("button", { name: "Resume …" }).count()).toBe(0);
  });

  test("shows another column, and a range of the parameters", async () => {
    const page = await open(url + HASH);
    await page.getByRole("slider", { name: /^Histogram of steps: 640,000 values from 0 to 512/ }).waitFor();
    await page.getByLabel("Column").selectOption("peak");
    await page.getByRole("slider", { name: /^Histogram of peak/ }).waitFor();
    await page.getByLabel("From parameter").fill("1000");
    await page.getByLabel("To parameter").fill("1999");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText("1,000 parameters were read").waitFor();
    expect(server.requests.filter((request) => request.includes("columns"))).toEqual([
      `GET /api/sweeps/${running.name}/columns/steps`,
      `GET /api/sweeps/${running.name}/columns/peak`,
      `GET /api/sweeps/${running.name}/columns/peak?from=1000&count=1000`,
    ]);
    const chart = page.getByRole("slider", { name: /^Mean of peak/ });
    await chart.hover();
    await page.getByText(/^Parameters [\d,]+ to [\d,]+: mean [\d.,]+, from 1 to/).waitFor();

    const histogram = page.getByRole("slider", { name: /^Histogram of peak/ });
    await histogram.press("End");
    expect(await histogram.getAttribute("aria-valuetext")).toMatch(/^504 to 512: \d+ of 1,000$/);
    await histogram.press("ArrowLeft");
    await page.locator(".readout", { hasText: "496 to 504: " }).waitFor();
    await histogram.press("Home");
    await histogram.press("PageUp");
    expect(await histogram.getAttribute("aria-valuetext")).toMatch(/^80 to 88: /);
    await page.keyboard.press("Tab");
    await page.getByText("1,000 parameters were read").waitFor();
  });

  test("draws a column whose values are equal, or all but equal", async () => {
    const column = columnOf("steps", 0, 100);
    const page = await open(url);
    for (const [from, to] of [
      [3, 3],
      [1e17, 1e17],
      [1e17, 1e17 + 16],
      [0, 5e-324],
    ]) {
      const counts = from === to ? [100] : [50, ...Array(62).fill(0), 50];
      const body = columnSchema.parse({ ...column, histogram: { from, to, counts } });
      server.overrides.set(`GET /api/sweeps/${running.name}/columns/steps`, { status: 200, body });
      await show(page, HASH);
      // Without a plot, an error of the page fails the test.
      await page
        .getByRole("slider", { name: /^Histogram of steps/ })
        .locator("canvas")
        .waitFor();
      await show(page, "#/");
    }
  });

  test("has different labels below the throughput of a second", async () => {
    server.sweeps = [
      sweepIn("verified", { throughput: { start: running.createdAt, stepSeconds: 1, parameters: [10_000_000] } }),
    ];
    const page = await open(url);
    await page.evaluate(`{
      const fillText = CanvasRenderingContext2D.prototype.fillText;
      window.drawn = [];
      CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        window.drawn.push(text);
        return fillText.call(this, text, ...place);
      };
    }`);
    await show(page, HASH);
    await page
      .getByRole("slider", { name: /^Throughput over time/ })
      .locator("canvas")
      .waitFor();
    const labels = (await page.evaluate<string[]>("window.drawn")).filter((text) => /:/.test(text));
    expect(labels.length).toBeGreaterThan(5);
    expect(new Set(labels).size).toBe(labels.length);
  });

  test("says how long a sweep took, in place of its rate", async () => {
    const page = await open(url + HASH);
    const labels = () => page.locator(".tile dt").allTextContents();
    await page.getByText("3,912/s").waitFor();
    expect(await labels()).toEqual(expect.arrayContaining(["Rate", "Time left"]));
    server.change(sweepIn("verified"));
    await page.locator(".tile", { hasText: "Duration" }).getByText("1 h", { exact: true }).waitFor();
    expect(await labels()).not.toEqual(expect.arrayContaining(["Rate"]));
    await show(page, "#/");
    await page.locator(".sweep-figures", { hasText: "Duration" }).getByText("1 h", { exact: true }).waitFor();
  });

  test.each([
    ["waiting", {}, "A new machine takes 2 to 4 minutes to start"],
    ["idle", {}, "the same command as before computes what is missing"],
    ["complete", {}, "sweep verify s3://prod-results/runs/queue/collatz-daec0fe4"],
    ["verified", { hasParquet: false }, "sweep export s3://prod-results/runs/queue/collatz-daec0fe4"],
    ["failed", { stop: { reason: "the bundle is damaged", at: running.createdAt } }, "the bundle is damaged"],
  ] as const)("says what to do next when it is %s", async (state, change, text) => {
    server.sweeps = [sweepIn(state, change)];
    const page = await open(url + HASH);
    await page.getByText(text).first().waitFor();
  });

  test.each(["waiting", "idle"] as const)("tells of no workers on a laptop when it is %s", async (state) => {
    server.environment = laptop;
    server.sweeps = [sweepIn(state, { submission: null, canCancel: false, canResume: false })];
    const page = await open(url + HASH);
    const notice = page.locator(".notice");
    await notice.waitFor();
    expect(await notice.textContent()).toMatch(/^Nothing (is|was) committed/);
    expect(await notice.textContent()).not.toMatch(/worker|machine/i);
  });

  test("reads a part again that a server could not give", async () => {
    server.overrides.set(`GET /api/sweeps/${running.name}/blocks`, problem(503, "Service Unavailable", "try again"));
    const page = await open(url + HASH);
    await page.getByText("try again").waitFor();
    server.overrides.clear();
    await page.getByRole("slider", { name: /^Map/ }).waitFor();
    await page.getByText("try again").waitFor({ state: "detached" });
    expectComplaints(/503/);
  });

  test("says what is wrong if there is no such sweep, and if the login has ended", async () => {
    const page = await open(`${url}#/sweeps/nothing`);
    await page.getByText("there is no sweep at /api/sweeps/nothing").waitFor();
    await page.getByRole("link", { name: "All sweeps" }).last().click();
    await page.getByRole("heading", { name: "Sweeps", exact: true }).waitFor();
    expectComplaints(/404/);
    server.overrides.set(`GET /api/sweeps/${running.name}`, { status: 401, body: "<html>" });
    await show(page, HASH);
    await page.getByText("Your login has ended.").waitFor();
    await page.getByRole("button", { name: "Reload" }).waitFor();
    expectComplaints(/401/);
  });
});
