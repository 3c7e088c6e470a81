import type { Plan } from "../../tools/diff/plan.ts";
import { redacted } from "../../tools/diff/redact.ts";

const hidden = "(sensitive value)";
const arn = "arn:aws:rds:eu-central-1:111122223333:db:orders-database";

/** A secret of AWS that is JSON, and a Deployment that got its parts without the mark. */
function plan(secret: string, rest: object = {}): Plan {
  const change = (after: object, after_sensitive: object) => ({
    actions: ["update"],
    before: {},
    after,
    before_sensitive: {},
    after_sensitive,
  });
  return {
    format_version: "1.2",
    resource_changes: [
      {
        address: "aws_secretsmanager_secret_version.login",
        type: "aws_secretsmanager_secret_version",
        change: change({ secret_string: secret }, { secret_string: true }),
      },
      {
        address: "aws_db_instance.orders_primary",
        type: "aws_db_instance",
        change: change({ arn, region: "eu-central-1", engine_version: "17.2" }, {}),
      },
    ],
    configuration: {
      root_module: {
        resources: [
          {
            address: "kubernetes_deployment_v1.orders",
            expressions: { metadata: [{ labels: { constant_value: { tier: "production" } } }] },
          },
          {
            address: "aws_secretsmanager_secret_version.login",
            expressions: { secret_string: { constant_value: '{"password":"in-the-code-9"}' } },
          },
        ],
      },
    },
    ...rest,
  };
}
const login = (...values: unknown[]) => JSON.stringify({ login: values });

describe("a value inside of a secret that is JSON", () => {
  test.each([
    ["of 8 characters", "hunter22"],
    ["of letters", "correcthorse"],
    ["in the form of a region", "my-secret-1"],
    ["with a quote", 'hunter"22'],
    ["that is a number", 12345678],
    ["that the code has in clear in the secret alone", "in-the-code-9"],
  ])("%s is hidden in every resource", (_, value) => {
    const text = (shown: string) =>
      `  # kubernetes_deployment_v1.orders will be updated\n      + url = "pg://u:${shown}@db"`;
    const written = JSON.stringify(value).replace(/^"|"$/g, "");
    expect(redacted(text(written), plan(login(value)))).toBe(text(hidden));
  });

  test("is hidden at any depth, also in JSON inside of the JSON, and as a part of a sensitive variable", () => {
    const inner = JSON.stringify({ auths: { "registry.example": { auth: "dXNlcjpwYXNz" } } });
    expect(redacted("dXNlcjpwYXNz", plan(JSON.stringify([{ config: inner }])))).toBe(hidden);
    const variables = {
      variables: { login: { value: login("hunter22") } },
      configuration: { root_module: { variables: { login: { sensitive: true } } } },
    };
    expect(redacted("hunter22", plan("{}", variables))).toBe(hidden);
  });

  test.each([
    ["a shorter value", "hunter2"],
    ["a short number", 5432],
    ["the name of a region", "us-west-2"],
    ["the name of a zone", "us-west-2a"],
    ["a switch", "disabled"],
    ["a block of addresses", "0.0.0.0/0"],
    ["an ARN of a resource of the plan", arn],
    ["the account in such an ARN", "111122223333"],
    ["a type of resource", "aws_db_instance"],
    ["a part of an address", "orders_primary"],
    ["the name of an attribute", "engine_version"],
    ["a word of the code", "production"],
    ["a name of the JSON, which is no value", undefined],
  ])("stays visible elsewhere: %s", (_, value) => {
    const shown = String(value ?? "long-name-of-a-field");
    const secret = value === undefined ? JSON.stringify({ "long-name-of-a-field": "x" }) : login(value);
    expect(redacted(`      + copied = "${shown}"`, plan(secret))).toBe(`      + copied = "${shown}"`);
  });
});
