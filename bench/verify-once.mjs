// Runs `sweep verify` once in this process, cold, and prints how many milliseconds it took without the start of Node.js.
//
//   node verify-once.mjs <results>
//
// The command is taken from the bundle that `sweep` itself runs.
import { readdirSync } from "node:fs";

const dist = new URL("../worker/dist/", import.meta.url);
const chunk = readdirSync(dist).find((name) => /^verify-\w+\.mjs$/.test(name));
if (chunk === undefined) throw new Error("the worker's bundle has no file of the command verify");
const { verifyCommand } = await import(new URL(chunk, dist).href);
const startedAt = performance.now();
await verifyCommand(process.argv[2], {});
process.stdout.write(`${performance.now() - startedAt}\n`);
