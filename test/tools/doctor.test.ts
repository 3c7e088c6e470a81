import { dev, prod } from "../../environments.ts";
import { caller, finding, findings, mine, own, programs, useHealthyAccount } from "../support/doctor.ts";

useHealthyAccount();

test.each([
  ["dev", mine(dev)],
  ["prod", mine(prod)],
])("finds nothing wrong where nothing is, in %s", async (_, environment) => {
  const all = await findings(environment);
  expect(all.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(all.length).toBeGreaterThan(14);
});

test("finds in the delivered environment what has to be replaced, with the variable that does it", async () => {
  for (const [name, variable] of [
    ["account", "ACCOUNT_ID"],
    ["administrators", "ADMINISTRATORS"],
    ["access to the API", "PUBLIC_ACCESS_CIDRS"],
  ] as const) {
    const fix = expect.stringContaining(`export PLATFORM_DEV_${variable}=`);
    expect(await finding(name, dev)).toMatchObject({ status: "problem", fix });
  }
  expect(await finding("credentials", dev)).toMatchObject({ status: "ok" });
});

test("refuses administrators of another account", async () => {
  const environment = mine(prod, {
    cluster: { ...prod.cluster, administrators: ["arn:aws:iam::999999999999:user/eve"] },
  });
  expect(await finding("administrators", environment)).toMatchObject({
    status: "problem",
    found: "arn:aws:iam::999999999999:user/eve",
  });
});

test("names a variable that nothing reads, and those that are read", async () => {
  process.env.PLATFORM_PROD_ACCOUNT_ID = own;
  expect(await finding("variables")).toMatchObject({ status: "ok", found: "PLATFORM_PROD_ACCOUNT_ID" });
  process.env.PLATFORM_PROD_ACCOUNTID = own;
  expect(await finding("variables")).toMatchObject({
    status: "warning",
    found: "PLATFORM_PROD_ACCOUNTID: nothing reads it",
    needed: expect.stringContaining("PLATFORM_PROD_ACCOUNT_ID"),
  });
});

describe("programs", () => {
  test.each([
    ["1.9.8", "problem"],
    ["1.10.0", "ok"],
  ])("with Terraform %s: %s", async (version, status) => {
    programs.install("terraform", `echo '{"terraform_version":"${version}"}'`);
    expect(await finding("Terraform")).toMatchObject({ status, found: `Terraform ${version}` });
  });

  test("with OpenTofu, where that is asked for", async () => {
    process.env.TERRAFORM_BINARY_NAME = "tofu";
    expect(await finding("Terraform")).toMatchObject({ status: "problem", found: "tofu: not on PATH" });
    programs.install("tofu", `echo '{"terraform_version":"1.10.6"}'`);
    expect(await finding("Terraform")).toMatchObject({ status: "ok", found: "OpenTofu 1.10.6" });
  });

  test("with a Terraform that fails, in its own words", async () => {
    programs.install("terraform", `echo "version 'latest' is not installed (set by tfenv)" >&2; exit 1`);
    expect(await finding("Terraform")).toMatchObject({
      found: "terraform: version 'latest' is not installed (set by tfenv)",
    });
  });

  test("with the AWS CLI of the first generation, or none", async () => {
    programs.installAws("1.45.11");
    expect(await finding("AWS CLI")).toMatchObject({ status: "warning", found: "1.45.11" });
    programs.remove("aws");
    const all = await findings(mine(prod));
    const named = (name: string) => all.find((checked) => checked.name === name);
    expect(named("AWS CLI")).toMatchObject({ status: "problem", found: "not on PATH" });
    expect(named("credentials")).toMatchObject({ status: "problem", found: "the AWS CLI is not on PATH" });
    expect(named("Kubernetes")).toMatchObject({ status: "not checked", found: "needs credentials for the account" });
  });

  test("with Docker that is missing, stopped, without buildx, or not needed", async () => {
    programs.remove("docker");
    expect(await finding("Docker")).toMatchObject({ status: "problem", found: "not on PATH" });
    const stopped = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    programs.install("docker", `case "$*" in version*) echo "${stopped}" >&2; exit 1 ;; esac; echo v0.24.0`);
    expect(await finding("Docker")).toMatchObject({ status: "problem", found: stopped });
    programs.install(
      "docker",
      `case "$*" in buildx*) echo "docker: unknown command: docker buildx" >&2; exit 1 ;; esac; echo 28.2.2`,
    );
    expect(await finding("Docker")).toMatchObject({
      status: "problem",
      found: "Docker has no buildx",
      fix: expect.stringContaining("https://docs.docker.com/go/buildx/"),
    });
    const image = "ghcr.io/example/ttg-worker:1.4.0";
    for (const workload of [
      { ...prod.workload, image },
      { ...prod.workload, jobs: [] },
    ]) {
      expect(await finding("Docker", mine(prod, { workload }))).toMatchObject({ status: "not checked" });
    }
  });
});

describe("credentials", () => {
  // The AWS CLI's own words.
  test.each([
    ['Unable to locate credentials. You can configure credentials by running "aws configure".', "aws configure sso"],
    ["The config profile (staging) could not be found", "aws configure list-profiles"],
    ["Error when retrieving token from sso: Token has expired and refresh failed", "aws sso login"],
    [
      "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token included in the request is expired",
      "log in again",
    ],
    [
      "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in the request is invalid.",
      "unset AWS_ACCESS_KEY_ID",
    ],
    ['Could not connect to the endpoint URL: "https://sts.us-west-2.amazonaws.com/"', "HTTPS_PROXY"],
  ])("that AWS answers with %j", async (text, fix) => {
    programs.answer("sts-get-caller-identity", { error: text });
    expect(await finding("credentials")).toMatchObject({
      status: "problem",
      found: text,
      needed: `credentials for account ${own}`,
      fix: expect.stringContaining(fix),
    });
    expect(await finding("credentials", dev)).toMatchObject({ needed: "credentials for your account" });
  });

  test("of another account ask nothing there", async () => {
    caller("arn:aws:sts::999999999999:assumed-role/deployer/me", "999999999999");
    const all = await findings(mine(prod));
    expect(all.find(({ name }) => name === "credentials")).toMatchObject({
      status: "problem",
      found: expect.stringContaining("of account 999999999999"),
      needed: expect.stringContaining(`account ${own}`),
    });
    expect(all.filter(({ status }) => status === "not checked").length).toBeGreaterThan(5);
  });

  test.each([
    [`arn:aws:sts::${own}:assumed-role/deployer/me`, "ok"],
    [`arn:aws:sts::${own}:assumed-role/reader/me`, "problem"],
    [`arn:aws:iam::${own}:user/deployer`, "problem"],
    [`arn:aws:iam::${own}:root`, "problem"],
  ])("of %s: %s", async (arn, status) => {
    caller(arn);
    expect(await finding("cluster access")).toMatchObject({ status });
  });
});
