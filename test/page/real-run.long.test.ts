import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Page } from "playwright-core";
import { startSweep, sweep, temporaryDirectory } from "../support/sweep.ts";
import { describeInChromium, expectGoodView, until, useBrowser } from "./support/browser.ts";

const directory = temporaryDirectory();
const EVALUATION = `
  export const columns = ["square", "half"];
  export function evaluate(parameter) {
    if (parameter % 1_000 === 7) throw new RangeError("no square of " + parameter);
    return { square: parameter * parameter, half: parameter / 2 };
  }`;

/** The number below a label of the overview. */
async function figure(page: Page, label: string): Promise<number> {
  const text = await page.locator(".tile", { hasText: label }).locator("dd").textContent();
  return Number(text?.replaceAll(",", ""));
}

describeInChromium("sweep ui", () => {
  const { open } = useBrowser();

  test("shows a run of sweep run, from its beginning to its receipt, and after it has ended", async () => {
    writeFileSync(join(directory, "squares.ts"), EVALUATION);
    const ui = startSweep(["ui", "--no-open", "--port", "0", "--results", "results"], {
      cwd: directory,
    });
    const url = () => /http:\/\/127\.0\.0\.1:\d+/.exec(ui.output())?.[0];
    while (url() === undefined && ui.child.exitCode === null) await setTimeout(20);
    const page = await open(`${url()}/`);
    await page.getByRole("heading", { name: "No sweeps yet" }).waitFor();

    const run = startSweep(
      ["run", "squares.ts", "--total", "20000", "--batch-size", "500", "--workers", "1", "--simulate-work-ms", "0.4"],
      { cwd: directory },
    );
    await page.getByRole("link", { name: /squares-/ }).click();
    await page.getByText("running", { exact: true }).first().waitFor();
    await page.getByRole("slider", { name: /^Map/ }).waitFor();
    const before = await figure(page, "With a result");
    await until(page, `Number(document.querySelector(".tile dd").textContent.replaceAll(",", "")) > ${before}`);
    expect(await run.finished).toMatchObject({ code: 0 });
    // One of a thousand has failed, each with its reason.
    await page.getByText("20,000 of 20,000 parameters").waitFor({ timeout: 30_000 });
    expect(await figure(page, "With a result")).toBe(19_980);
    expect(await figure(page, "Failed")).toBe(20);
    expect(await figure(page, "Missing")).toBe(0);
    await page.getByText("RangeError: no square of 1007").waitFor();
    await page.getByRole("link", { name: "Receipt" }).waitFor();
    await page.reload();
    await page.getByRole("slider", { name: /^Histogram of square/ }).waitFor();
    await page.getByRole("slider", { name: /^Throughput over time/ }).waitFor();
    await page.getByRole("slider", { name: /^Map/ }).press("End");
    expect(await page.getByRole("slider", { name: /^Map/ }).getAttribute("aria-valuetext")).toMatch(
      /^Parameters 19,[\d,]+ to 19,999: /,
    );
    await expectGoodView(page, "real-run");

    // The line that the page gives is the one that works.
    const line = await page.locator(".failures code").first().textContent();
    const [, ...words] = line?.split(" ") ?? [];
    const replayed = await sweep(words, { cwd: directory });
    expect(replayed.code).toBe(1);
    expect(replayed.stderr).toContain("no square of 7");

    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Receipt" }).click();
    expect((await download).suggestedFilename()).toMatch(/receipt\.json$/);
  });
});
