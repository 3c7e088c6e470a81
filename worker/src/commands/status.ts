import { formatCount } from "../contract/format.ts";
import { countOf } from "../parameters/ranges.ts";
import { openStore } from "../stores/open.ts";

/** `sweep status`: how far a run is, counted in parameters. */
export async function statusCommand(url: string, options: { readonly json?: boolean }): Promise<void> {
  const store = await openStore(url);
  const { identity, committed, failed } = await store.progress();
  const done = countOf(committed);
  const counts = {
    total: identity.totalParameters,
    present: done - failed,
    failed,
    remaining: identity.totalParameters - done,
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ results: store.url, ...identity, ...counts })}\n`);
    return;
  }
  const percent = counts.total === 0 ? 100 : Math.floor((done / counts.total) * 1000) / 10;
  const lines = [
    `${identity.evaluation}, seed ${identity.seed}, in ${store.url}`,
    ...Object.entries(counts).map(([name, count]) => `${name.padEnd(10)} ${formatCount(count).padStart(15)}`),
    `${percent} % done`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
