// Verifies results once in this process, cold, and prints the milliseconds, without the start of Node.js.
//
//   node verify-once.mjs <results>
//
// The function comes from the bundle of `sweep`.
import { verify } from "../worker/dist/index.mjs";

const startedAt = performance.now();
await verify(process.argv[2], { full: true });
process.stdout.write(`${performance.now() - startedAt}\n`);
