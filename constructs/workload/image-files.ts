import { closeSync, lstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { isContent } from "./image-content.ts";
import { evaluationFiles } from "./worker-image.ts";

/** A file of a built image that a command may name. */
export interface ImageFile {
  /** Whether the image may execute it. */
  readonly isExecutable: boolean;
  /** The first line of a script that names its interpreter, for example `#!/usr/bin/env python3`. */
  readonly shebang?: string;
}

/** The evaluations and their files in a built image. */
export interface ImageEvaluations {
  /** Names of modules, for the setting `evaluation`. */
  readonly names: readonly string[];
  /** Files by their places in the image, for example `evaluations/detect.py`. */
  readonly files: ReadonlyMap<string, ImageFile>;
  /** Places of files that the build ignores or turns into something else, with the reason. */
  readonly absent: ReadonlyMap<string, string>;
}

const longestShebang = 256;

/** @param directory a clone of this repository. */
export function imageEvaluations(directory: string): ImageEvaluations {
  const files = new Map<string, ImageFile>();
  const absent = new Map<string, string>();
  const add = (place: string, isTop: boolean) => {
    for (const name of readdirSync(join(directory, "worker", place)).sort()) {
      const path = `${place}/${name}`;
      const absolute = join(directory, "worker", path);
      const stats = statSync(absolute, { throwIfNoEntry: false });
      // The image explains a link that the build cannot follow. A link to a folder can form a circle.
      if (stats === undefined || (stats.isDirectory() && lstatSync(absolute).isSymbolicLink())) continue;
      if (!isContent(name)) absent.set(path, "the build ignores files with such a name; rename it");
      else if (stats.isDirectory()) add(path, false);
      else if (isTop && name.endsWith(".ts")) {
        absent.set(path, `the build makes a module of it; use evaluation: "${name.slice(0, -3)}"`);
      } else files.set(path, { isExecutable: (stats.mode & 0o100) !== 0, ...shebangOf(absolute) });
    }
  };
  add("evaluations", true);
  return { names: [...evaluationFiles(directory).keys()], files, absent };
}

function shebangOf(path: string): Pick<ImageFile, "shebang"> {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(longestShebang);
    const text = bytes.toString("latin1", 0, readSync(file, bytes, 0, longestShebang, 0));
    return text.startsWith("#!") ? { shebang: (text.split("\n")[0] as string).trim() } : {};
  } finally {
    closeSync(file);
  }
}
