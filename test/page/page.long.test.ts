import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { repository } from "../support/readme.ts";
import { cluster, laptop, running, sweepIn, waiting } from "./support/answers.ts";
import { describeInChromium, show, until, useBrowser } from "./support/browser.ts";
import { PageServer, problem } from "./support/page-server.ts";

/** A page with all its code must be there in a moment, also on a phone. */
const MOST_COMPRESSED_BYTES = 50_000;

test("is small, and has a style sheet of its own", () => {
  const folder = join(repository, "worker/dist/page");
  expect(readdirSync(folder).sort()).toEqual(["icon.svg", "index.html", "page.css", "page.js"]);
  expect(gzipSync(readFileSync(join(folder, "page.js"))).length).toBeLessThan(MOST_COMPRESSED_BYTES);
  expect(readFileSync(join(folder, "index.html"), "utf8")).not.toMatch(/style=|<style|https?:/);
  expect(readFileSync(join(folder, "page.css"), "utf8")).not.toMatch(/url\(|@import/);
});

describeInChromium("the page", () => {
  const { open, expectComplaints } = useBrowser();
  let server: PageServer;
  let url = "";
  beforeEach(async () => {
    server = new PageServer();
    url = await server.start();
  });
  afterEach(() => server.stop());

  test("lists sweeps by page, with a filter that a link keeps", async () => {
    server.sweeps = Array.from({ length: 120 }, (_, index) =>
      sweepIn(index % 2 === 0 ? "running" : "idle", { name: `queue:run-${index}` }),
    );
    const page = await open(url);
    const rows = page.locator(".sweep-row");
    await rows.first().waitFor();
    expect(await rows.count()).toBe(50);
    await page.getByRole("link", { name: "Older sweeps" }).click();
    await page.getByRole("link", { name: "queue/run-50" }).waitFor();
    expect(page.url()).toBe(`${url}#/?after=queue%3Arun-49`);
    await page.getByRole("link", { name: "Older sweeps" }).click();
    await page.getByRole("link", { name: "queue/run-119" }).waitFor();
    expect(await page.getByRole("link", { name: "Older sweeps" }).count()).toBe(0);
    await page.getByRole("link", { name: "Newest" }).click();
    await page.getByRole("searchbox").fill("idle ada");
    await page.getByText("25 sweeps on this page match").waitFor();
    expect(await rows.count()).toBe(25);
    await page.reload();
    await rows.first().waitFor();
    expect(await page.getByRole("searchbox").inputValue()).toBe("idle ada");
    await page.getByRole("searchbox").fill("nobody");
    await page.getByText("No sweep on this page matches “nobody”.").waitFor();
    await page.getByRole("link", { name: "Older sweeps" }).click();
    await page.waitForURL(`${url}#/?after=queue%3Arun-49&filter=nobody`);
  });

  test("keeps what it has while the server is away", async () => {
    server.sweeps = [running];
    const page = await open(url);
    await page.getByRole("link", { name: "queue/collatz-daec0fe4" }).waitFor();
    server.overrides.set("GET /api/sweeps", problem(503, "Service Unavailable", "the bucket does not answer"));
    await page.getByText("the bucket does not answer").waitFor();
    await page.getByRole("link", { name: "queue/collatz-daec0fe4" }).waitFor();
    server.overrides.clear();
    await page.getByText("the bucket does not answer").waitFor({ state: "detached" });
    expectComplaints(/503/);
  });

  test("offers the environment's evaluations, sizes and ways alone, and sends what was typed", async () => {
    server.sweeps = [running];
    const page = await open(`${url}#/submit`);
    await page.getByLabel("Number of parameters").fill("10,000,000");
    expect(await page.getByLabel("Evaluation", { exact: true }).textContent()).toBe("collatzprime");
    expect(await page.getByRole("radio", { name: "A program" }).count()).toBe(0);
    await page.getByText("$0.34 an hour for each machine", { exact: true }).waitFor();
    const unknown = { path: "evaluation.columns", allowed: "given", got: "nothing", fix: "name them" };
    server.overrides.set("POST /api/sweeps", problem(422, "Unprocessable Content", "wrong", [unknown]));
    expect(await page.getByLabel("Columns").count()).toBe(0);
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByLabel("Columns").fill("steps");
    expectComplaints(/422/);
    await page.getByRole("radio", { name: "Job" }).check();
    await page.getByLabel("Workers").fill("1e1");
    server.overrides.set("POST /api/sweeps", {
      status: 200,
      body: { name: running.name, isNew: false, messages: 0 },
    });
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("The same sweep was submitted before.").waitFor();
    expect(server.bodies).toEqual([
      { evaluation: { name: "collatz" }, total: 10_000_000, size: "large", mode: "queue" },
      {
        evaluation: { name: "collatz", columns: ["steps"] },
        total: 10_000_000,
        executors: 10,
        size: "large",
        mode: "job",
      },
    ]);
    await show(page, "#/submit");
    await page.getByLabel("Size of the machines").selectOption("gpu");
    // A size with one way leaves no choice.
    expect(await page.getByRole("radio", { name: "Job" }).count()).toBe(0);
  });

  test("uploads a bundle, and shows the server's sentences at their fields", async () => {
    server.environment = { ...cluster, allowsCommands: true };
    const page = await open(`${url}#/submit`);
    await page.getByRole("radio", { name: "Upload a bundle" }).check();
    await page.getByLabel("Number of parameters").fill("abc");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText('must be a number, got "abc": write digits, such as 10,000,000').waitFor();
    await page.getByText("must be a file, got nothing").waitFor();
    expect(server.bodies).toEqual([]);

    const bundle = { name: "mine.mjs", mimeType: "text/javascript", buffer: Buffer.from("export const a = 1;") };
    const upload = async () => {
      await page.getByLabel("Bundle", { exact: true }).setInputFiles(bundle);
      // The page has read the file when it knows a name for it.
      await until(page, `[...document.querySelectorAll("input")].some(({ value }) => value === "mine")`);
    };
    await upload();
    expect(await page.getByLabel("Name of the evaluation").inputValue()).toBe("mine");
    await page.getByLabel("Columns").fill("steps, peak");
    await page.getByLabel("Number of parameters").fill("5");
    await page.getByText("More settings").click();
    await page.getByLabel("Parameters of a block").fill("0.5");
    const wrong = (path: string, allowed: string) => ({ path, allowed, got: "0.5", fix: "mend it" });
    server.overrides.set(
      "POST /api/sweeps",
      problem(422, "Unprocessable Content", "two values are wrong", [
        wrong("batchSize", "a whole number"),
        wrong("evaluation.columns[1]", "a name"),
        wrong("somewhere", "right"),
      ]),
    );
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("3 values are wrong.").waitFor();
    await page.getByText("somewhere must be right, got 0.5: mend it").waitFor();
    const blocks = page.getByLabel("Parameters of a block");
    expect(await blocks.getAttribute("aria-invalid")).toBe("true");
    const described = (await blocks.getAttribute("aria-describedby"))?.split(" ").at(-1);
    expect(await page.locator(`[id="${described}"]`).textContent()).toBe("must be a whole number, got 0.5: mend it");
    // The first wrong field has the focus.
    expect(await page.evaluate("document.activeElement.value")).toBe("steps, peak");
    expect(server.bodies).toEqual([
      {
        evaluation: { name: "mine", bundle: "export const a = 1;", columns: ["steps", "peak"] },
        total: 5,
        batchSize: 0.5,
        size: "large",
        mode: "queue",
      },
    ]);
    expectComplaints(/422/);

    // Another upload begins without a file. A setting that is folded away is shown with its problem.
    await page.getByRole("radio", { name: "A program" }).check();
    await page.getByRole("radio", { name: "Upload a bundle" }).check();
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("must be a file, got nothing").waitFor();
    await upload();
    await page.getByLabel("Timeout in seconds").fill("1,5");
    await page.getByText("More settings").click();
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText('must be a number, got "1,5"').waitFor();
    expect(await page.evaluate("document.activeElement.value")).toBe("1,5");
    expect(server.bodies).toHaveLength(1);
    await page.getByLabel("Timeout in seconds").fill("");

    server.overrides.set("POST /api/sweeps", problem(429, "Too Many Requests", "wait 12 s"));
    await page.getByRole("radio", { name: "A program" }).check();
    await page.getByLabel("Command line").fill("python3 evaluate.py");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("wait 12 s").waitFor();
    expect(server.bodies.at(-1)).toMatchObject({ evaluation: { command: "python3 evaluate.py" } });
    expectComplaints(/429/);
  });

  test.each([
    ["sweep run collatz --total 1000000 --results 's3://a/b c/collatz'", { ...laptop, resultsRoot: "s3://a/b c/" }],
    ["npm run submit -- collatz --environment prod --size large --total 1000000", cluster],
  ])("gives a command whose sweep it will show: %s", async (line, environment) => {
    server.environment = environment;
    const page = await open(url);
    await page.getByText(line, { exact: true }).waitFor();
  });

  test("says on a laptop how to run a sweep", async () => {
    server.environment = laptop;
    const page = await open(url);
    await page.getByText("sweep run collatz --total 1000000", { exact: true }).waitFor();
    await page.getByText("this computer").waitFor();
    expect(await page.getByRole("link", { name: "New sweep" }).count()).toBe(0);
    await show(page, "#/somewhere/else");
    await page.getByText("This page does not exist.").waitFor();
  });

  test("keeps the colors that somebody has chosen", async () => {
    server.sweeps = [running];
    const page = await open(`${url}#/sweeps/${running.name}`, { colorScheme: "light" });
    const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const pixels = () => page.evaluate<string>("document.querySelector('canvas.heat-map').toDataURL()");
    await page.getByRole("slider", { name: /^Map/ }).waitFor();
    const [light, map] = [await background(), await pixels()];
    await page.getByRole("combobox", { name: "Colors" }).selectOption("Dark");
    const dark = await background();
    expect(dark).not.toBe(light);
    await until(page, `document.querySelector('canvas.heat-map').toDataURL() !== ${JSON.stringify(map)}`);
    await page.reload();
    await page.getByRole("slider", { name: /^Map/ }).waitFor();
    expect(await background()).toBe(dark);
    await page.getByRole("combobox", { name: "Colors" }).selectOption("Auto");
    expect(await background()).toBe(light);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await background()).toBe(dark);
  });

  test.each(["#/", `#/sweeps/${running.name}`, "#/submit"])(
    "lets the keyboard reach everything, and shows where it is: %s",
    async (hash) => {
      server.sweeps = [running, waiting];
      const page = await open(url + hash);
      await page.locator("h1").waitFor();
      if (hash.includes("sweeps")) await page.getByText("640,000 parameters were read").waitFor();
      const reachable = await page.evaluate<number>(
        `new Set([...document.querySelectorAll("a[href], button:not(:disabled), input, select, summary, canvas[tabindex], code[tabindex], .chart")]
         .filter((element) => element.checkVisibility()).map((element) => element.type === "radio" ? element.name : element)).size`,
      );
      const seen = new Set<string>();
      const unseen: string[] = [];
      // The browser passes its own window once, because the focus begins at the heading.
      for (let press = 0; press <= reachable; press++) {
        await page.keyboard.press("Tab");
        if (await page.evaluate("document.activeElement === document.body")) continue;
        const { id, isShown } = await page.evaluate<{ id: string; isShown: boolean }>(
          `(() => {
          const element = document.activeElement;
          element.dataset.number ??= String(document.querySelectorAll("[data-number]").length);
          const shown = element.type === "radio" ? element.nextElementSibling : element;
          const { outlineStyle, outlineWidth } = getComputedStyle(shown);
          return { id: element.dataset.number + " " + element.outerHTML.slice(0, 80), isShown: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 };
        })()`,
        );
        seen.add(id);
        if (!isShown) unseen.push(id);
      }
      expect(unseen).toEqual([]);
      expect(seen.size).toBe(reachable);
    },
  );

  test.each(["#/", `#/sweeps/${running.name}`, "#/submit"])("does not jump while it loads: %s", async (hash) => {
    server.sweeps = [running, waiting];
    server.delayMs = 200;
    const page = await open(url + hash, { viewport: { width: 1_280, height: 3_000 } });
    await page.locator("h1").waitFor();
    if (hash.includes("sweeps")) await page.getByText("640,000 parameters were read").waitFor();
    const shift = await page.evaluate<number>(
      `new Promise((resolve) => {
         let sum = 0;
         new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; }).observe({ type: "layout-shift", buffered: true });
         setTimeout(() => resolve(sum), 500);
       })`,
    );
    // A good page stays below 0.1. This one moves nothing by more than a line. https://web.dev/articles/cls
    expect(shift).toBeLessThan(0.01);
  });
});
