// Verifies results in a bucket, and prints the CPU time of this process in milliseconds and its largest memory in MiB.
//
//   node verify-objects-once.mjs <s3 url>
import { verify } from "../worker/dist/index.mjs";

const { receipt } = await verify(process.argv[2]);
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const milliseconds = (userCPUTime + systemCPUTime) / 1000;
process.stdout.write(`${JSON.stringify({ blocks: receipt.blocks, milliseconds, mebibytes: maxRSS / 1024 })}\n`);
