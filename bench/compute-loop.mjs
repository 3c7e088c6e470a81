// Runs the evaluation of evaluations/compute.ts in a plain Node.js process, to measure the machine with one process and with two.
//
//   node compute-loop.mjs <parameters>
//
// Prints the milliseconds, without the start of the process.
function evaluate(parameter) {
  let state = parameter | 0;
  for (let round = 0; round < 400; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

function compute(count) {
  let sum = 0;
  for (let parameter = 0; parameter < count; parameter++) sum += evaluate(parameter);
  return sum;
}

const parameters = Number(process.argv[2]);
compute(parameters / 10);
const startedAt = performance.now();
const sum = compute(parameters);
const milliseconds = performance.now() - startedAt;
// A printed value cannot be optimized away.
process.stdout.write(`${sum}\n${milliseconds}\n`);
