import { BudgetAlarm } from "../../../constructs/storage/budget-alarm.ts";
import { ContainerRegistry, type ContainerRegistryProps } from "../../../constructs/storage/container-registry.ts";
import { ResultsBucket, type ResultsBucketProps } from "../../../constructs/storage/results-bucket.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

describe("the container registry", () => {
  const registry = (props: Partial<ContainerRegistryProps> = {}) =>
    synthesize((stack) => {
      new ContainerRegistry(stack, "registry", { name: "test/ttg-worker", ...props });
    });

  test("never lets a tag mean something else, scans what is pushed, and keeps images at a destroy", () => {
    expect(registry().one("aws_ecr_repository")).toMatchObject({
      name: "test/ttg-worker",
      image_tag_mutability: "IMMUTABLE",
      image_scanning_configuration: { scan_on_push: true },
      encryption_configuration: [{ encryption_type: "AES256" }],
      force_delete: false,
    });
    expect(registry({ forceDelete: true }).one("aws_ecr_repository").force_delete).toBe(true);
  });

  test.each([
    [undefined, 100],
    [5, 5],
  ])("asked to keep %s images keeps %i, and drops interrupted pushes after a week", (keepImages, kept) => {
    const { rules } = JSON.parse(registry({ keepImages }).one("aws_ecr_lifecycle_policy").policy);
    expect(rules).toMatchObject([
      { rulePriority: 1, selection: { tagStatus: "untagged", countType: "sinceImagePushed", countNumber: 7 } },
      { rulePriority: 2, selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: kept } },
    ]);
  });
});

test.each([[0], [2.5]])("the container registry refuses to keep %d images", (keepImages) => {
  const made = () =>
    synthesize((stack) => {
      new ContainerRegistry(stack, "registry", { name: "test/ttg-worker", keepImages });
    });
  expect(messageOf(made)).toBe(
    `container registry "test/ttg-worker" has 1 problem:\n  - keepImages must be a whole number from 1, got ${keepImages}: use for example 100`,
  );
});

describe("the results bucket", () => {
  let bucket: ResultsBucket | undefined;
  const results = (props: Partial<ResultsBucketProps> = {}) =>
    synthesize((stack) => {
      bucket = new ResultsBucket(stack, "results", { name: "test-results", ...props });
    });

  test("keeps every version, encrypted, and survives a destroy unless told otherwise", () => {
    const made = results();
    expect(made.one("aws_s3_bucket")).toMatchObject({ bucket_prefix: "test-results-", force_destroy: false });
    expect(results({ forceDestroy: true }).one("aws_s3_bucket").force_destroy).toBe(true);
    expect(made.one("aws_s3_bucket_versioning").versioning_configuration).toEqual({ status: "Enabled" });
    expect(made.one("aws_s3_bucket_server_side_encryption_configuration").rule).toMatchObject([
      { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
    ]);
  });

  test("is never public", () => {
    const made = results();
    expect(made.one("aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(made.one("aws_s3_bucket_ownership_controls").rule).toEqual({ object_ownership: "BucketOwnerEnforced" });
  });

  test("answers over TLS only", () => {
    const { Statement } = JSON.parse(results().one("aws_s3_bucket_policy").policy);
    expect(Statement).toMatchObject([
      { Effect: "Deny", Principal: "*", Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
    ]);
    expect(Statement[0].Resource).toHaveLength(2);
  });

  test("drops unfinished uploads and overwritten versions, and results only where asked", () => {
    const ids = (made: ReturnType<typeof results>) =>
      made.one("aws_s3_bucket_lifecycle_configuration").rule.map((rule: { id: string }) => rule.id);
    expect(ids(results())).toEqual(["abort-incomplete-uploads", "expire-overwritten-results"]);
    const expiring = results({ expirationInDays: 30 });
    expect(ids(expiring)).toContain("expire-results");
    expect(expiring.one("aws_s3_bucket_lifecycle_configuration").rule[2].expiration).toEqual([{ days: 30 }]);
  });

  test.each([[0], [1.5]])("refuses to drop results after %d days", (expirationInDays) => {
    expect(messageOf(() => results({ expirationInDays }))).toBe(
      `results bucket "test-results" has 1 problem:\n  - expirationInDays must be a whole number of days from 1, got ${expirationInDays}: use 1 or more, or remove it to keep results for ever`,
    );
  });

  test("lets a worker write below its prefix, and never delete", () => {
    results();
    const statements = bucket?.writeStatements("runs/") ?? [];
    expect(statements[0]?.resources[0]).toMatch(/\/runs\/\*$/);
    expect(statements[1]?.conditions).toEqual({ StringLike: { "s3:prefix": "runs/*" } });
    expect(statements.flatMap((statement) => statement.actions).filter((action) => /Delete|\*/.test(action))).toEqual(
      [],
    );
  });
});

describe("the budget alarm", () => {
  test("writes at 80 % spent and at 100 % foreseen", () => {
    const made = synthesize((stack) => {
      new BudgetAlarm(stack, "budget", { name: "test", limitUsdPerMonth: 500, notifyEmails: ["team@example.com"] });
    });
    expect(made.one("aws_budgets_budget")).toMatchObject({
      budget_type: "COST",
      time_unit: "MONTHLY",
      limit_amount: "500",
      limit_unit: "USD",
      notification: [
        { notification_type: "ACTUAL", threshold: 80, subscriber_email_addresses: ["team@example.com"] },
        { notification_type: "FORECASTED", threshold: 100, subscriber_email_addresses: ["team@example.com"] },
      ],
    });
  });

  test("refuses a limit of nothing, no address, and an address that is none", () => {
    const made = (limitUsdPerMonth: number, notifyEmails: string[]) => () =>
      synthesize((stack) => {
        new BudgetAlarm(stack, "budget", { name: "test", limitUsdPerMonth, notifyEmails });
      });
    expect(messageOf(made(0, []))).toBe(
      [
        'budget alarm "test" has 2 problems:',
        "  - limitUsdPerMonth must be more than 0 US dollars, got 0: use for example 500",
        '  - notifyEmails must be a list of 1 to 10 addresses, got 0 addresses: add for example "team@example.com"',
      ].join("\n"),
    );
    expect(messageOf(made(500, Array(11).fill("team@example.com")))).toBe(
      'budget alarm "test" has 1 problem:\n  - notifyEmails must be a list of 1 to 10 addresses, got 11 addresses: use a mailing list',
    );
    expect(made(500, Array(10).fill("team@example.com"))).not.toThrow();
    expect(messageOf(made(500, ["team"]))).toBe(
      'budget alarm "test" has 1 problem:\n  - notifyEmails[0] must be a mail address (name@domain), got "team": use for example "team@example.com"',
    );
  });
});
