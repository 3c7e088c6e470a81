import { formatCount } from "../contract/format.ts";
import { readProgress } from "../results/progress.ts";
import { storeOptions } from "./options.ts";

/** `sweep status`: how far a run is, counted in parameters. */
export async function statusCommand(url: string, options: { readonly json?: boolean }): Promise<void> {
  const { identity, resultsUrl, ...counts } = await readProgress(url, storeOptions());
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ results: resultsUrl, ...identity, ...counts })}\n`);
    return;
  }
  const { total, remaining } = counts;
  const percent = total === 0 ? 100 : Math.floor(((total - remaining) / total) * 1000) / 10;
  const lines = [
    `${identity.evaluation}, seed ${identity.seed}, in ${resultsUrl}`,
    ...Object.entries(counts).map(([name, count]) => `${name.padEnd(10)} ${formatCount(count).padStart(15)}`),
    `${percent} % done`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
