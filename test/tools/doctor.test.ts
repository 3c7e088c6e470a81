import { dev, prod } from "../../environments.ts";
import { nodeFinding } from "../../tools/doctor/programs.ts";
import { examine } from "../../tools/doctor/report.ts";
import { caller, finding, findings, mine, own, programs, useHealthyAccount } from "../support/doctor.ts";

useHealthyAccount();

test.each([
  ["dev", mine(dev)],
  ["prod", mine(prod)],
])("finds nothing wrong in a healthy account, in %s", async (_, environment) => {
  const all = await findings(environment);
  expect(all.map(({ name, status }) => `${name}: ${status}`)).toEqual([
    "account: ok",
    "administrators: ok",
    "variables: ok",
    "access to the API: ok",
    "Terraform: ok",
    "AWS CLI: ok",
    "Docker: ok",
    "credentials: ok",
    "cluster access: ok",
    "Terraform state: ok",
  ]);
});

describe("the configuration", () => {
  test("as delivered has placeholders, each reported with the variable that replaces it", async () => {
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

  test("must not name administrators of another account", async () => {
    const administrators = [`arn:aws:iam::${own}:role/me`, "arn:aws:iam::999999999999:user/eve"];
    const environment = mine(prod, { cluster: { ...prod.cluster, administrators } });
    expect(await finding("administrators", environment)).toMatchObject({
      status: "problem",
      found: "arn:aws:iam::999999999999:user/eve",
    });
  });

  test("may open the API to the VPC only", async () => {
    const cluster = { ...mine(prod).cluster, endpointPublicAccessCidrs: undefined };
    expect(await finding("access to the API", mine(prod, { cluster }))).toMatchObject({
      status: "ok",
      found: "from the VPC only; deploy addons and workload from there",
    });
  });

  test("ignores a misspelt variable, which is a warning with the right names", async () => {
    process.env.PLATFORM_PROD_ACCOUNT_ID = own;
    expect(await finding("variables")).toMatchObject({ status: "ok", found: "PLATFORM_PROD_ACCOUNT_ID" });
    process.env.PLATFORM_PROVIDER_LOCKS = "/locks";
    expect(await finding("variables")).toMatchObject({ status: "ok" });
    process.env.PLATFORM_PROD_ACCOUNTID = own;
    expect(await finding("variables")).toMatchObject({
      status: "warning",
      found: "PLATFORM_PROD_ACCOUNTID: nothing reads it",
      needed: expect.stringContaining("PLATFORM_PROD_ACCOUNT_ID"),
    });
  });
});

describe("programs", () => {
  test.each([
    ["20.8.1", "problem"],
    ["20.9.0", "ok"],
    ["26.1.0", "ok"],
  ])("Node.js %s: %s", (version, status) => {
    expect(nodeFinding(version)).toMatchObject({ status });
  });

  test.each([
    ["1.9.8", "problem", "Terraform 1.9.8"],
    ["1.10.0", "ok", "Terraform 1.10.0"],
    ["1.12.0-beta1", "ok", "Terraform 1.12.0"],
    ["1.10.0.0.0", "ok", "Terraform 1.10.0"],
    ["latest", "problem", `terraform: no version in "{\\"terraform_version\\":\\"latest\\"}"`],
    ["99999999999999999999.1", "problem", expect.stringMatching(/^terraform: no version in /)],
  ])("Terraform %s: %s", async (version, status, found) => {
    programs.install("terraform", `echo '{"terraform_version":"${version}"}'`);
    expect(await finding("Terraform")).toMatchObject({ status, found });
  });

  test("OpenTofu, if TERRAFORM_BINARY_NAME names it", async () => {
    process.env.TERRAFORM_BINARY_NAME = "tofu";
    expect(await finding("Terraform")).toMatchObject({ status: "problem", found: "tofu: not on PATH" });
    programs.install("tofu", `echo '{"terraform_version":"1.10.6"}'`);
    expect(await finding("Terraform")).toMatchObject({ status: "ok", found: "OpenTofu 1.10.6" });
  });

  test("a program that fails is quoted, and one that crashes is named with its signal", async () => {
    programs.install("terraform", `echo "version 'latest' is not installed (set by tfenv)" >&2; exit 1`);
    programs.install("aws", "kill -SEGV $$");
    const all = await findings(mine(prod));
    const found = (name: string) => all.find((checked) => checked.name === name);
    expect(found("Terraform")?.found).toBe("terraform: version 'latest' is not installed (set by tfenv)");
    expect(found("AWS CLI")).toMatchObject({ status: "problem", found: "aws: ended with SIGSEGV" });
    expect(found("credentials")).toMatchObject({ status: "problem", found: "aws: ended with SIGSEGV" });
    expect(found("Terraform state")).toMatchObject({ status: "not checked" });
  });

  test("the AWS CLI must be there, and of the second generation", async () => {
    programs.installAws("1.45.11");
    expect(await finding("AWS CLI")).toMatchObject({ status: "problem", found: "1.45.11" });
    programs.remove("aws");
    const all = await findings(mine(prod));
    const found = (name: string) => all.find((checked) => checked.name === name);
    expect(found("AWS CLI")).toMatchObject({ status: "problem", found: "aws: not on PATH" });
    expect(found("credentials")).toMatchObject({ status: "problem", fix: "install the AWS CLI" });
    expect(found("cluster access")).toMatchObject({ found: "needs credentials for the account" });
  });

  test.each([
    ["is there", "echo 28.2.2", { status: "ok", found: "ghcr.io/example/ttg-worker:1.4.0 is in its registry" }],
    [
      "is not there",
      'echo "ERROR: ghcr.io/example/ttg-worker:1.4.0: not found" >&2; exit 1',
      {
        status: "problem",
        found: "ghcr.io/example/ttg-worker:1.4.0 is not in its registry",
        needed: "an image that the nodes can pull: pods that cannot pull theirs hold paid machines",
        fix: "push it, or correct workload.image",
      },
    ],
    [
      "needs a login that this machine lacks",
      'echo "ERROR: 401 Unauthorized" >&2; exit 1',
      {
        status: "not checked",
        found: "docker buildx imagetools inspect ghcr.io/example/ttg-worker:1.4.0: ERROR: 401 Unauthorized",
      },
    ],
    [
      "may need a login, of which Docker Hub says only this",
      'echo "ERROR: pull access denied, repository does not exist or may require authorization" >&2; exit 1',
      { status: "not checked" },
    ],
    [
      "is in a registry for which Docker's helper for passwords is not installed",
      'echo "ERROR: exec: \\"docker-credential-desktop\\": executable file not found in \\$PATH" >&2; exit 1',
      { status: "not checked" },
    ],
  ])("an image that was built elsewhere %s", async (_, answer, expected) => {
    programs.install(
      "docker",
      `test "$*" = "buildx imagetools inspect ghcr.io/example/ttg-worker:1.4.0" || exit 3; ${answer}`,
    );
    const environment = mine(prod, { workload: { ...prod.workload, image: "ghcr.io/example/ttg-worker:1.4.0" } });
    expect(await finding("Image", environment)).toMatchObject(expected);
    programs.remove("docker");
    expect(await finding("Image", environment)).toMatchObject({ status: "not checked" });
    const names = (await findings(mine(prod))).map(({ name }) => name);
    expect(names).not.toContain("Image");
  });

  test("Docker must be there, run, and have buildx, unless no image is built", async () => {
    programs.remove("docker");
    expect(await finding("Docker")).toMatchObject({ status: "problem", found: "docker: not on PATH" });
    const stopped = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    programs.install("docker", `case "$*" in version*) echo "${stopped}" >&2; exit 1 ;; esac; echo v0.24.0`);
    expect(await finding("Docker")).toMatchObject({ status: "problem", found: `docker: ${stopped}` });
    programs.install("docker", `case "$*" in buildx*) exit 1 ;; esac; echo 28.2.2`);
    expect(await finding("Docker")).toMatchObject({ status: "problem", found: "Docker has no buildx" });
    const image = "ghcr.io/example/ttg-worker:1.4.0";
    for (const workload of [
      { ...prod.workload, image },
      { ...prod.workload, jobs: [] },
    ]) {
      expect(await finding("Docker", mine(prod, { workload }))).toMatchObject({ status: "not checked" });
    }
  });

  test("a check that throws is a problem, and hides no other", async () => {
    const checks = [
      { name: "broken", run: () => Promise.reject(new Error("no such thing")) },
      { name: "right", run: () => ({ status: "ok", found: "there" }) as const },
    ];
    const [section] = await examine([{ title: "both", checks }]);
    expect(section?.checks).toMatchObject([
      { name: "broken", status: "problem", found: "the check itself failed: Error: no such thing" },
      { name: "right", status: "ok" },
    ]);
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
    ['Could not connect to the endpoint URL: "https://sts.us-west-2.amazonaws.com/"', "HTTPS_PROXY"],
  ])("that AWS answers with %j", async (text, fix) => {
    programs.answer("sts-get-caller-identity", { error: text });
    expect(await finding("credentials")).toMatchObject({
      status: "problem",
      found: `aws: ${text}`,
      needed: `credentials for account ${own}`,
      fix: expect.stringContaining(fix),
    });
    expect(await finding("credentials", dev)).toMatchObject({ needed: "credentials for your account" });
  });

  test.each([
    "<html>sign in to the proxy</html>",
    "",
    "null",
    "[]",
    '{"Account":"123456789012"}',
    '{"Account":1,"Arn":2}',
  ])("that answer with %j are a problem, and no exception", async (text) => {
    programs.install("aws", `[ "$1" = --version ] && { echo aws-cli/2.31.6; exit; }; echo '${text}'`);
    const all = await findings(mine(prod));
    expect(all.find(({ name }) => name === "credentials")).toMatchObject({
      status: "problem",
      found: `aws: no identity in ${JSON.stringify(text)}`,
    });
    expect(all.filter(({ status }) => status === "not checked").map(({ name }) => name)).toEqual([
      "cluster access",
      "Terraform state",
    ]);
  });

  test("of another account are not used for further requests", async () => {
    caller("arn:aws:sts::999999999999:assumed-role/deployer/me", "999999999999");
    const all = await findings(mine(prod));
    expect(all.find(({ name }) => name === "credentials")).toMatchObject({
      status: "problem",
      found: expect.stringContaining("of account 999999999999"),
      needed: expect.stringContaining(`account ${own}`),
    });
    expect(all.filter(({ status }) => status === "not checked")).toHaveLength(2);
  });

  test.each([
    [`arn:aws:sts::${own}:assumed-role/deployer/me`, "ok"],
    [`arn:aws:sts::${own}:assumed-role/reader/me`, "problem"],
    [`arn:aws:iam::${own}:user/deployer`, "problem"],
    [`arn:aws:iam::${own}:root`, "problem"],
    ["no ARN", "problem"],
  ])("of %s: %s", async (arn, status) => {
    caller(arn);
    expect(await finding("cluster access")).toMatchObject({ status });
  });

  test.each([
    ["404", "Not Found"],
    ["403", "Forbidden"],
  ])(
    "that get %s for the bucket of the state: a problem with AWS's words and a command that makes it",
    async (code, text) => {
      const error = `An error occurred (${code}) when calling the HeadBucket operation: ${text}`;
      programs.answer("s3api-head-bucket", { error });
      expect(await finding("Terraform state")).toMatchObject({
        status: "problem",
        found: error,
        fix: expect.stringMatching(/^aws s3 mb s3:\/\/example-terraform-state .*versioning.*, or another s3State$/),
      });
      expect(await finding("Terraform state", mine(dev))).toMatchObject({ status: "ok" });
    },
  );
});
