// Verifies results once in this process, cold, and prints how many milliseconds it took without the start of Node.js.
//
//   node verify-once.mjs <results>
//
// The function is taken from the bundle that `sweep` itself runs.
import { verify } from "../worker/dist/index.mjs";

const startedAt = performance.now();
await verify(process.argv[2]);
process.stdout.write(`${performance.now() - startedAt}\n`);
