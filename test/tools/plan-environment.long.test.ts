import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProgram, sweep, temporaryDirectory } from "../support/sweep.ts";
import { planned, writeCompute } from "../support/sweep-plan.ts";

const directory = temporaryDirectory();

describe("for an environment", () => {
  test("the job, its pool and its settings are those of the synthesized stacks", async () => {
    const { code, stdout } = await sweep(["plan", "--environment", "dev", "--seconds", "1"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^collatz: [\d,]+ of 10,000,000 parameters/);
    expect(stdout).toMatch(
      /^│ ttg-computation as it is +│ +1 │ +3 │ +3 min \d+ s │ +\$0\.\d\d to \$0\.\d\d │ +\$0\.\d\d │$/m,
    );
    expect(stdout).toMatch(/^│ 50 nodes \(the pool allows 10\) +│ +50 │ +400 │/m);
    expect(stdout).toMatch(/^ {2}nodes {6}1: each node costs 8 min 28 s of start and idling/m);
    expect(stdout).toContain("with a limit of 500 a pod idles 50 % of the time");
  });

  test("a faster pool takes less time, and other numbers of nodes can be compared", async () => {
    const args = [writeCompute(directory), "--environment", "dev", "--seconds", "1", "--nodes", "2", "--speed", "4"];
    const { measurement, scenarios } = await planned(args);
    const labels = scenarios.map(({ label }: { label: string }) => label);
    expect(labels).toEqual(["ttg-computation as it is", "2 nodes", "recommended"]);
    const { pods, coresOfPod, computeSeconds } = scenarios[1].prediction;
    expect(pods).toBe(16);
    // 10,000,000 parameters at a quarter of what they cost here, over 16 pods, each of which warms up in a quarter of the time.
    const { secondsPerParameter, warmUpSeconds } = measurement;
    const coreSeconds = ((10_000_000 / pods) * secondsPerParameter + warmUpSeconds) / 4;
    expect(computeSeconds).toBeCloseTo(coreSeconds / coresOfPod, 3);
  });

  test("prices of one's own count, from a path beside the caller", async () => {
    const assumptions = { natGbPerNodeStart: 1000 };
    writeFileSync(join(directory, "prices.json"), JSON.stringify({ date: "2026-12-24", assumptions }));
    const args = [
      "plan",
      "collatz",
      "--environment",
      "dev",
      "--seconds",
      "1",
      "--nodes",
      "1",
      "--prices",
      "prices.json",
    ];
    const { stdout } = await sweep(args, { cwd: directory });
    expect(stdout).toContain("prices of 2026-12-24 in us-west-2");
    // 1,000 GB through the NAT gateway for the one node.
    expect(stdout).toMatch(/^│ recommended +│ +1 │.* \$45 │$/m);
  });

  test("an environment or a job that is not there is refused", async () => {
    const refused = async (args: string[]) => (await sweep(["plan", ...args, "--seconds", "1"])).stderr;
    expect(await refused(["--environment", "staging"])).toContain(
      'environment must be dev or prod, got "staging": name one of environments.ts',
    );
    expect(await refused(["--environment", "dev", "--job", "other"])).toContain(
      '--job must be ttg-computation, got "other": name a job of dev',
    );
  });

  test("needs the repository, and refuses to run outside of it", async () => {
    const away = join(directory, "image", "worker");
    mkdirSync(away, { recursive: true });
    await sweep(["--version"]);
    cpSync(join(__dirname, "../../worker/dist"), join(away, "dist"), { recursive: true });
    const { code, stdout, stderr } = await startProgram([process.execPath, join(away, "dist/cli.mjs"), "plan"])
      .finished;
    expect({ code, stdout }).toEqual({ code: 42, stdout: "" });
    expect(stderr).toContain("plan");
    expect(stderr).toContain("repository");
  });
});
