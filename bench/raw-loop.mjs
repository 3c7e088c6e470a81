// The raw loop is the base of all comparisons: it computes and stores numbers without checking, committing, isolating or
// synchronizing anything, in a plain Node.js process with one function that V8 inlines.
//
//   node raw-loop.mjs <file> <warm-up> <values>
//
// Stores `warm-up` values, then `values` more, and prints the milliseconds of the latter.
import { closeSync, openSync, writeSync } from "node:fs";

const BUFFER_VALUES = (512 * 1024) / Float64Array.BYTES_PER_ELEMENT;

const evaluate = (parameter) => 2 * parameter + 1;

function store(file, from, to) {
  const buffer = new Float64Array(BUFFER_VALUES);
  const bytes = new Uint8Array(buffer.buffer);
  for (let start = from; start < to; start += BUFFER_VALUES) {
    const count = Math.min(BUFFER_VALUES, to - start);
    for (let index = 0; index < count; index++) buffer[index] = evaluate(start + index);
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
