import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Context } from "hono";
import { shellWord } from "../contract/format.ts";
import type { Monitor } from "../monitoring/index.ts";
import type { ServiceEnv } from "./app.ts";
import { ProblemError } from "./problems.ts";
import { DOWNLOADS } from "./routes.ts";

type FileName = keyof typeof DOWNLOADS;

/** The command that makes a file that is missing. */
const COMMANDS: Readonly<Record<FileName, string>> = {
  "receipt.json": "sweep verify",
  "results.parquet": "sweep export",
};

/** A file beside the results of a sweep: an address in the bucket, so that its bytes do not pass through this server, or the file. */
export function downloadHandler(monitor: Pick<Monitor, "download" | "url">, file: FileName) {
  return async (context: Context<ServiceEnv>): Promise<Response> => {
    const name = context.req.param("name") as string;
    const download = await monitor.download(name, file);
    if (download?.kind === "redirect") return context.redirect(download.url, 302);
    const size = download === undefined ? undefined : await sizeOf(download.path);
    if (download === undefined || size === undefined) {
      const fix = `run ${COMMANDS[file]} ${shellWord(monitor.url(name))}`;
      throw new ProblemError(404, `${name} has no ${file} yet: ${fix}`);
    }
    const headers = {
      "Content-Type": DOWNLOADS[file].type,
      "Content-Length": String(size),
      "Content-Disposition": `attachment; filename="${name.replaceAll(":", "-")}-${file}"`,
    };
    if (context.req.method === "HEAD") return context.body(null, 200, headers);
    // Not beyond the size: a new file may take its place meanwhile.
    const stream = createReadStream(download.path, size === 0 ? {} : { end: size - 1 });
    return context.body(Readable.toWeb(stream) as ReadableStream, 200, headers);
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
