/** One thing that is wrong with what the user wrote. Reads as a sentence whose subject is {@link path}. */
export interface Problem {
  /** Where the value stands, for example `["nodePools", "gpu", "taints", 0, "key"]`. */
  readonly path: readonly PropertyKey[];
  /** What is wrong, for example `is not a CIDR block`. */
  readonly what: string;
  /** The value found, as {@link show} writes it. */
  readonly got: string;
  /** What would have been accepted. */
  readonly allowed: string;
  /** What to change, in the imperative. */
  readonly fix: string;
}

/** Thrown once for all problems of one subject, so that a user repairs everything in one round. */
export class InvalidConfigurationError extends Error {
  override readonly name = "InvalidConfigurationError";

  /** @param subject What the user wrote, for example `environment "dev"`. */
  constructor(
    subject: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${subject} has ${count}:\n${problems.map((problem) => `  - ${describeProblem(problem)}`).join("\n")}`);
  }
}

/** @throws InvalidConfigurationError when there is at least one problem. */
export function throwIfAny(subject: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidConfigurationError(subject, problems);
}

export function describeProblem({ path, what, got, allowed, fix }: Problem): string {
  return `${showPath(path)} ${what}: got ${got}, allowed is ${allowed}; ${fix}`;
}

/** The problems of a part, seen from the whole: each path gets the prefix. */
export function within(prefix: readonly PropertyKey[], problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, path: [...prefix, ...problem.path] }));
}

/** A value as a user would write it; what is absent is called `nothing`. */
export function show(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
}

/** Words joined for a sentence: `a, b or c`. */
export function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** Every value that stands more than once, each named once. */
export function duplicatesIn(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

function showPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the whole";
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[\w-]+$/.test(String(key))) return `${text}[${JSON.stringify(String(key))}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
