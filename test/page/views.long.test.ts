import type { BrowserContextOptions } from "playwright-core";
import { cluster, laptop, large, noWorkers, running, sweepIn, waiting, workers } from "./support/answers.ts";
import { describeInChromium, expectGoodView, show, useBrowser } from "./support/browser.ts";
import { PageServer } from "./support/page-server.ts";

const ways: readonly [name: string, options: BrowserContextOptions][] = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { colorScheme: "light", viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true }],
  ["dark-phone", { colorScheme: "dark", viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true }],
];

describeInChromium("every view", () => {
  const { open } = useBrowser();
  const server = new PageServer();
  let url = "";
  beforeAll(async () => {
    url = await server.start();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    server.environment = cluster;
    server.workers = workers;
    server.sweeps = [];
  });

  test.each(ways)(
    "can be used by everybody, with text of enough contrast and without sideways scrolling: %s",
    async (way, options) => {
      const page = await open(url, options);
      await page.getByRole("heading", { name: "No sweeps yet" }).waitFor();
      await expectGoodView(page, `${way}-empty`);

      const verified = sweepIn("verified", { name: "ttg:collatz-11111111" });
      server.sweeps = [
        running,
        waiting,
        large,
        sweepIn("failed", {
          name: "queue:collatz-22222222",
          stop: { reason: "too many failures", at: running.createdAt },
        }),
        sweepIn("cancelled", {
          name: "queue:a-very-long-name-of-a-run-that-does-not-fit-on-a-phone-33333333",
          submission: null,
        }),
        sweepIn("idle", { name: "collatz-44444444", costUsd: null }),
        sweepIn("complete", { name: "collatz-55555555" }),
        verified,
      ];
      await page.reload();
      await page.getByRole("link", { name: "queue/collatz-daec0fe4" }).waitFor();
      await expectGoodView(page, `${way}-sweeps`);

      await show(page, "#/sweeps/queue:collatz-daec0fe4");
      await page.getByText("640,000 parameters were read").waitFor();
      await page.getByRole("slider", { name: /^Map/ }).waitFor();
      await page.getByText("executor-large-6f9c7d5b4-x2k9p").waitFor();
      await expectGoodView(page, `${way}-sweep`);
      await page.getByRole("radio", { name: "Time per parameter" }).check();
      await page.getByText("The map as a table").click();
      await expectGoodView(page, `${way}-sweep-time`);
      await page.getByRole("button", { name: "Cancel …" }).click();
      await page.getByRole("dialog").waitFor();
      await expectGoodView(page, `${way}-cancel`);
      await page.keyboard.press("Escape");

      server.workers = noWorkers;
      for (const [name, sweep] of Object.entries({ waiting, large, verified })) {
        await show(page, `#/sweeps/${sweep.name}`);
        await page.getByRole("slider", { name: /^Map/ }).waitFor();
        await page.getByText("This server has no cluster").waitFor();
        if (sweep !== waiting) await page.getByText("640,000 parameters were read").waitFor();
        await expectGoodView(page, `${way}-${name}`);
      }

      await show(page, "#/submit");
      await page.getByLabel("Number of parameters").waitFor();
      await page.getByText("More settings").click();
      await expectGoodView(page, `${way}-submit`);
      await page.getByRole("button", { name: "Submit" }).click();
      await page.getByText("must be a whole number from 1").waitFor();
      await expectGoodView(page, `${way}-submit-wrong`);

      server.environment = laptop;
      await page.reload();
      await page.getByRole("heading", { name: "This server starts no sweeps" }).waitFor();
      await expectGoodView(page, `${way}-laptop-submit`);
    },
  );
});
