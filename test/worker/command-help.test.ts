import packageFile from "../../worker/package.json";
import { sweep } from "../support/sweep.ts";

test.each([[], ["run"], ["worker"], ["verify"], ["export"], ["status"], ["replay"], ["bundle"]])(
  "sweep %s --help explains itself",
  async (...command) => {
    const { code, stdout } = await sweep([...command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: sweep/);
  },
);

test("the version is that of the package", async () => {
  expect(await sweep(["--version"])).toMatchObject({ code: 0, stdout: `${packageFile.version}\n` });
});

test.each([
  [["exprot"], "error: unknown command 'exprot'\n(Did you mean export?)"],
  [["run", "--totl", "5"], "error: unknown option '--totl'\n(Did you mean --total?)"],
])("a typing error of %j is answered with the nearest name", async (args, stderr) => {
  expect(await sweep(args)).toMatchObject({ code: 1, stderr: `${stderr}\n(run with --help for the options)\n` });
});
