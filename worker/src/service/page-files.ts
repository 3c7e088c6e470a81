import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Handler } from "hono";
import { getMimeType } from "hono/utils/mime";
import { explainFileError, PermanentError } from "../contract/errors.ts";
import { ProblemError } from "./problems.ts";

interface PageFile {
  readonly type: string;
  readonly plain: Representation;
  /** Less than half as many bytes of a script. */
  readonly gzip: Representation;
}

interface Representation {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** The files of the page, by path: `/`, `/page.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/**
 * Reads the page into memory: it has a few small files, and no request can then name another one.
 *
 * @throws PermanentError if there is no page in the directory.
 */
export function readPage(directory: string): PageFiles {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explainFileError(error, directory);
    names = [];
  }
  if (!names.includes("index.html"))
    throw new PermanentError(`there is no page in ${directory}: build it with npm run build`);
  return new Map(names.map((name) => [name === "index.html" ? "/" : `/${name}`, readFile(join(directory, name))]));
}

function readFile(path: string): PageFile {
  const bytes = new Uint8Array(readFileSync(path));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return {
    type: getMimeType(path) ?? "application/octet-stream",
    plain: { bytes, etag: `"${hash}"` },
    gzip: { bytes: new Uint8Array(gzipSync(bytes)), etag: `"${hash}-gzip"` },
  };
}

/** Answers with the files. A browser asks each time whether its copy is still right, so that a new version is seen at once. */
export function pageHandler(files: PageFiles): Handler {
  return (context) => {
    const file = files.get(context.req.path);
    if (file === undefined) throw noSuchPath(context.req.path);
    const isCompressed = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(context.req.header("accept-encoding") ?? "");
    const { bytes, etag } = isCompressed ? file.gzip : file.plain;
    const headers = { ETag: etag, "Cache-Control": "no-cache", Vary: "Accept-Encoding" };
    const known = context.req.header("if-none-match")?.split(/ *, */) ?? [];
    if (known.some((one) => one.replace(/^W\//, "") === etag)) return context.body(null, 304, headers);
    const encoding = isCompressed ? { "Content-Encoding": "gzip" } : {};
    return context.body(bytes, 200, { ...headers, ...encoding, "Content-Type": file.type });
  };
}

export function noSuchPath(path: string): ProblemError {
  return new ProblemError(404, `there is nothing at ${path}: GET /api/openapi.json has every path of the API`);
}
