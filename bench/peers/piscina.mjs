// A pool of threads, as a user of Node.js would use it. The main thread writes the results to a file.
//
//   node piscina.mjs <threads> <parameters> <parameters a task> <file>
//
// Prints the milliseconds, without the start of the process and of the threads.
import { closeSync, openSync, writeSync } from "node:fs";
import { Piscina } from "piscina";

const [threads, total, perTask] = process.argv.slice(2, 5).map(Number);
const file = openSync(process.argv[5], "w");
const filename = new URL("piscina-task.mjs", import.meta.url).href;
const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });

async function compute(from, to) {
  const tasks = [];
  for (let start = from; start < to; start += perTask) {
    const count = Math.min(perTask, to - start);
    const task = pool.run({ start, count });
    // One write per value would cost more than the pool.
    tasks.push(perTask === 1 ? task : task.then((values) => writeSync(file, values, 0, count * 8, start * 8)));
  }
  const results = await Promise.all(tasks);
  if (perTask === 1) writeSync(file, Float64Array.from(results), 0, results.length * 8, from * 8);
}

// Starts the threads and compiles the code.
await compute(0, Math.ceil(total / 10));
const startedAt = performance.now();
await compute(0, total);
process.stdout.write(`${performance.now() - startedAt}\n`);
closeSync(file);
await pool.close();
