import { basename, resolve } from "node:path";

/** All tests of a folder in one file: Jest loads the sources once for each mutation, and not once for each test file. */
for (const file of JSON.parse(process.env.TESTS_OF_FOLDER ?? "[]") as string[]) {
  describe(basename(file), () => {
    require(resolve(file));
  });
}
