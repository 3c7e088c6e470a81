import { join } from "node:path";
import { startProgram } from "../support/sweep.ts";

const repository = join(__dirname, "..", "..");

/** Runs `npm run cost`. */
function cost(args: readonly string[], env: Record<string, string> = {}) {
  const program = [process.execPath, "--import", "tsx", "tools/cost/index.ts", ...args];
  return startProgram(program, { cwd: repository, env }).finished;
}

test("cost prints the bill of an environment, what makes most of it, and what one run adds", async () => {
  const { code, stdout, stderr } = await cost(["dev"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const line of [
    /│ idle, a month +│ +\$\d+ │/,
    /│ EKS control plane +│ 730 h x \$0\.1, Kubernetes 1\.35 +│ +\$73 │ +\$73 │/,
    /│ total +│ us-west-2, prices of 2026-11-21 +│ +\$\d+ │/,
    /^Largest item of the idle bill: nodes of general, \$121\. Less with: a smaller minimum/m,
    /^One run of ttg-computation: 10,000,000 parameters take 3 min/m,
    /│ machines: 1 x c5\.2xlarge, 0\.1 h in all +│ \$0\.\d\d to \$0\.\d\d │ +\$0\.\d\d │/,
  ]) {
    expect(stdout).toMatch(line);
  }
  expect(stdout).not.toContain("not priced");
});

test("cost puts environments side by side", async () => {
  const { stdout } = await cost(["--all"]);
  expect(stdout).toMatch(/│ US dollars +│ +dev │ +prod │/);
  const [idle, atMost] = ["idle, a month", "every pool at its maximum"].map((label) => {
    const line = stdout.split("\n").find((candidate) => candidate.startsWith(`│ ${label}`)) ?? "";
    return [...line.matchAll(/\$([\d,]+)/g)].map(([, amount = ""]) => Number(amount.replace(",", "")));
  });
  // Three NAT gateways and flow logs; and pools that may grow five times as large.
  expect(idle?.[1]).toBeGreaterThan(idle?.[0] ?? Number.NaN);
  expect(atMost?.[2]).toBeGreaterThan(3 * (atMost?.[0] ?? Number.NaN));
});

test("cost computes with a duration that is given, as text and as JSON", async () => {
  const [text, json] = await Promise.all([
    cost(["dev", "--seconds-per-parameter", "0.01"]),
    cost(["--environment", "dev", "--seconds-per-parameter", "0.01", "--json"]),
  ]);
  const [{ name, sweeps }] = JSON.parse(json.stdout).environments;
  // 100,000 core-seconds for three pods of half a core.
  expect({ name, seconds: sweeps[0].prediction.computeSeconds }).toEqual({
    name: "dev",
    seconds: expect.closeTo(66_666.7, 1),
  });
  expect(text.stdout).toContain("A parameter takes 10 ms of a core: --seconds-per-parameter.");
});

test("cost shows the user's example", async () => {
  const { stdout } = await cost(["--example"]);
  expect(stdout).toMatch(/│ always on +│ +3,650 │ +\$621 │ +\$641 │/);
  expect(stdout).toMatch(/│ from zero, when needed +│ +59\.5 │ +\$10 │ +\$10 │/);
  expect(stdout).toContain("22 batches of 24 minutes");
  expect(stdout).toContain("About $10 pays for that");
});

test.each([
  [[], "environment must be dev or prod, got nothing: name one of environments.ts"],
  [["dev", "staging"], 'environment must be dev or prod, got "staging": name one of environments.ts'],
  [
    ["dev", "--seconds-per-parameter", "fast"],
    '--seconds-per-parameter must be a number above 0, got "fast": use for example 0.002; ./sweep plan measures it',
  ],
  [["--all", "dve"], '--all must be used without environments, got ["dve"]: leave one of the two out'],
  [["--all", "--environment", "dev"], '--all must be used without environments, got ["dev"]: leave one of the two out'],
  [["--example", "--all", "dev"], '--all must be used without environments, got ["dev"]: leave one of the two out'],
  [["--example", "dev"], '--example must be used without environments, got ["dev"]: leave one of the two out'],
  [["--example", "--all"], '--example must be used alone, got "--all": leave one of the two out'],
  [["dev", "--prices", "/none.json"], '--prices must be a readable file of JSON, got "/none.json": ENOENT'],
])("cost refuses %j", async (args, message) => {
  const { code, stdout, stderr } = await cost(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
});

test("cost reports an invalid environment, without a stack trace", async () => {
  const { code, stderr } = await cost(["dev"], { PLATFORM_PROD_ACCOUNT_ID: "mine" });
  expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 2 });
  expect(stderr).toMatch(/- prod\.accountId must be .*, got "mine": /);
});
