// The raw loop that everything is compared with: what computing and storing numbers costs when nothing is checked, committed,
// isolated or synchronized. A plain Node.js process of its own, with one function that V8 inlines.
//
//   node raw-loop.mjs <file> <warm-up> <values>
//
// Stores `warm-up` values, then `values` more behind them, and prints how many milliseconds those took.
import { closeSync, openSync, writeSync } from "node:fs";

const CHUNK_VALUES = (512 * 1024) / Float64Array.BYTES_PER_ELEMENT;

const evaluate = (parameter) => 2 * parameter + 1;

function store(file, from, to) {
  const chunk = new Float64Array(CHUNK_VALUES);
  const bytes = new Uint8Array(chunk.buffer);
  for (let start = from; start < to; start += CHUNK_VALUES) {
    const count = Math.min(CHUNK_VALUES, to - start);
    for (let index = 0; index < count; index++) chunk[index] = evaluate(start + index);
    writeSync(file, bytes, 0, count * Float64Array.BYTES_PER_ELEMENT);
  }
}

const [path, warmUp, values] = process.argv.slice(2);
const file = openSync(path, "w");
store(file, 0, Number(warmUp));
const startedAt = performance.now();
store(file, Number(warmUp), Number(warmUp) + Number(values));
process.stdout.write(`${performance.now() - startedAt}\n`);
closeSync(file);
