import type { PolicyStatement } from "../../constructs/support/iam-policy.ts";

/** A request as IAM sees it. */
export interface Request {
  /** For example `s3:GetObject`. */
  readonly action: string;
  /** ARN of what it is about, or `*`. */
  readonly resource: string;
  /** Condition keys and their values. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Whether IAM allows a request by these statements alone.
 * @throws Error for an operator of a condition that it does not know.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed(statements: readonly PolicyStatement[], request: Request): boolean {
  const matching = statements.filter((statement) => matches(statement, request));
  return matching.some(({ effect }) => effect === "Allow") && !matching.some(({ effect }) => effect === "Deny");
}

function matches({ actions, resources, conditions = {} }: PolicyStatement, request: Request): boolean {
  return (
    actions.some((action) => isLike(request.action.toLowerCase(), action.toLowerCase())) &&
    resources.some((resource) => isLike(request.resource, resource)) &&
    Object.entries(conditions).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, request.context[key], [values].flat())),
    )
  );
}

function holds(operator: string, value: string | readonly string[] | undefined, expected: readonly string[]): boolean {
  if (operator === "StringEquals") return typeof value === "string" && expected.includes(value);
  if (operator === "ForAllValues:StringNotEquals") return [value ?? []].flat().every((one) => !expected.includes(one));
  throw new Error(`policy-simulation.ts does not know the operator ${operator}`);
}

/** In an ARN, `*` is any text, also with slashes. */
function isLike(text: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${escaped}$`).test(text);
}
