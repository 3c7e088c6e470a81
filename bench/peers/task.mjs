// One job of GNU parallel: computes the parameters of a task and writes them to a file of its own.
//
//   node task.mjs <start> <count> <file>
import { writeFileSync } from "node:fs";

const [start, count] = process.argv.slice(2, 4).map(Number);
const values = new Float64Array(count);
for (let index = 0; index < count; index++) values[index] = 2 * (start + index) + 1;
writeFileSync(process.argv[4], values);
