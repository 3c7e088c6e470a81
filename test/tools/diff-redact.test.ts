import type { Plan } from "../../tools/diff/plan.ts";
import { redacted } from "../../tools/diff/redact.ts";

const hidden = "(sensitive value)";

/** A plan in which the attributes are sensitive, before and after the change. */
function plan(before: object, after: object = {}): Plan {
  const marked = (values: object) => Object.fromEntries(Object.keys(values).map((key) => [key, true]));
  const change = {
    actions: ["update"],
    before,
    after,
    before_sensitive: marked(before),
    after_sensitive: marked(after),
  };
  return { resource_changes: [{ address: "a.b", type: "a", change }] } as unknown as Plan;
}

describe("a secret", () => {
  test.each([6, 8, 15, 16, 40])("of %i characters is hidden", (length) => {
    const secret = "s3cret-".repeat(10).slice(0, length);
    expect(redacted(`password = ${secret}!`, plan({ password: secret }))).toBe(`password = ${hidden}!`);
  });

  test("of 5 characters stays, since words that have nothing to do with it may contain it", () => {
    expect(redacted("admin, administrator", plan({ user: "admin" }))).toBe("admin, administrator");
  });

  test("is hidden as it was and as it will be, wherever it is shown", () => {
    expect(redacted("old-password new-password old-password", plan({ a: "old-password" }, { a: "new-password" }))).toBe(
      `${hidden} ${hidden} ${hidden}`,
    );
  });

  test("that contains another one is hidden whole", () => {
    expect(redacted("hunter2-and-more hunter2", plan({ short: "hunter2", long: "hunter2-and-more" }))).toBe(
      `${hidden} ${hidden}`,
    );
  });

  test("is hidden as JSON writes it, too", () => {
    const secret = 'line "one"\nline two';
    expect(redacted(JSON.stringify({ secret }), plan({ secret }))).toBe(`{"secret":"${hidden}"}`);
  });

  test("is hidden inside of a sensitive object, and beside an attribute that is not sensitive", () => {
    const change = {
      actions: ["update"],
      before: null,
      after: { open: "visible-text", nested: { key: "nested-secret", list: ["listed-secret"] } },
      before_sensitive: false,
      after_sensitive: { nested: true },
    };
    const made = { resource_drift: [{ address: "a.b", type: "a", change }] } as unknown as Plan;
    expect(redacted("visible-text nested-secret listed-secret", made)).toBe(`visible-text ${hidden} ${hidden}`);
  });

  test("in a sensitive variable is hidden, and another variable is not", () => {
    const made = {
      variables: { token: { value: "token-value" }, name: { value: "name-value" } },
      configuration: { root_module: { variables: { token: { sensitive: true }, name: {} } } },
    } as unknown as Plan;
    expect(redacted("token-value name-value", made)).toBe(`${hidden} name-value`);
  });
});

/** Terraform marks the input as sensitive, and not its copy in the output. This is real text of Terraform 1.11. */
test("a copy in the resource of the secret is hidden in the pieces in which Terraform prints it", () => {
  const input = {
    json: '{"user":"hunter22x","n":4711}',
    key: "-----BEGIN KEY-----\n{\nab\n}\n-----END KEY-----\n",
    number: 471147,
    short: "abc",
    size: 20,
  };
  const change = { actions: ["update"], before: { input }, before_sensitive: { input: true }, after: { size: 20 } };
  const made = {
    resource_changes: [{ address: "terraform_data.a", type: "terraform_data", change }],
    configuration: {
      root_module: { resources: [{ address: "terraform_data.a", expressions: { size: { constant_value: 20 } } }] },
    },
  } as unknown as Plan;
  const text = (json: string, user: string, key: readonly string[], number: string, short: string) =>
    `
  # terraform_data.a must be replaced
-/+ resource "terraform_data" "a" {
      ~ output           = {
          - json   = jsonencode(
                {
                  - n    = ${json}
                  - user = ${user}
                }
            )
          - key    = <<-EOT
                ${key[0]}
                {
                ${key[1]}
                }
                ${key[2]}
            EOT
          - number = ${number}
          - short  = ${short}
        } -> (known after apply)
        size             = 20
        # (20 unchanged attributes hidden)
    }

Plan: 20 to add, 0 to change, 20 to destroy.
`;
  const [first = "", , middle = "", , last = ""] = input.key.split("\n");
  expect(redacted(text("4711", '"hunter22x"', [first, middle, last], "471147", '"abc"'), made)).toBe(
    text(hidden, hidden, [hidden, hidden, hidden], hidden, hidden),
  );
});

test("a long line of a secret is hidden in every resource, and a short one only in its own", () => {
  const secret = "the first long line\nshort\nthe second long line";
  const copied = "<<-EOT\n    the first long line\n    short\n    the second long line\nEOT";
  expect(redacted(copied, plan({ secret }))).toBe(`<<-EOT\n    ${hidden}\n    short\n    ${hidden}\nEOT`);
});
