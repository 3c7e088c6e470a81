import type { ProblemAnswer, SubmissionRequest } from "../src/api/submission.ts";

/** Ways to name an evaluation, of which a form has one. */
export type Source = "name" | "bundle" | "command";
/** The texts of a form, as somebody has typed them. */
export type Texts = Readonly<Record<(typeof FIELDS)[number], string>>;
export type Problems = NonNullable<ProblemAnswer["problems"]>;

/** The server's limit of a request leaves this much for a bundle. */
const MOST_BUNDLE_BYTES = 4_000_000;
const NUMBERS = [
  "total",
  "seed",
  "batchSize",
  "evaluationConcurrency",
  "evaluationTimeoutSeconds",
  "maxFailures",
  "simulateWorkMs",
  "executors",
] as const;
const FIELDS = [...NUMBERS, "evaluationName", "columns", "command", "size", "mode", "name"] as const;

/**
 * The request that a form stands for.
 *
 * @param bundle text of the uploaded file, undefined without one.
 * @returns the request, or what is wrong with the form. The server checks everything else, so that its sentences are the only ones.
 */
export function requestOf(source: Source, texts: Texts, bundle: string | undefined): SubmissionRequest | Problems {
  const problems: Problems = [];
  const numbers: Partial<Record<(typeof NUMBERS)[number], number>> = {};
  for (const path of NUMBERS) {
    const text = texts[path].trim();
    if (text === "") continue;
    // As people write large numbers: 10,000,000 or 1e7. A comma elsewhere is the decimal point of some languages: 1,5 is not 15.
    const value = Number(text.replace(/(?<=\d)[,_ ](?=\d{3}(?!\d))/g, ""));
    if (Number.isFinite(value)) numbers[path] = value;
    else
      problems.push({ path, allowed: "a number", got: JSON.stringify(text), fix: "write digits, such as 10,000,000" });
  }
  if (texts.total.trim() === "")
    problems.push({
      path: "total",
      allowed: "a whole number from 1",
      got: "nothing",
      fix: "write the number of parameters",
    });
  const columns = texts.columns.split(/[\s,]+/).filter((name) => name !== "");
  const evaluation = evaluationOf(source, texts, bundle, columns, problems);
  if (problems.length > 0 || evaluation === undefined) return problems;
  const { total = 0, ...rest } = numbers;
  return {
    evaluation,
    total,
    ...rest,
    size: texts.size,
    mode: texts.mode === "job" ? "job" : "queue",
    ...(texts.name.trim() === "" ? {} : { name: texts.name.trim() }),
  };
}

function evaluationOf(
  source: Source,
  texts: Texts,
  bundle: string | undefined,
  columns: string[],
  problems: Problems,
): SubmissionRequest["evaluation"] | undefined {
  const name = texts.evaluationName.trim();
  const withColumns = columns.length === 0 ? {} : { columns };
  if (source === "name") return { name, ...withColumns };
  if (source === "command") return { command: texts.command, ...withColumns };
  if (bundle === undefined) {
    const fix = "choose the file that sweep bundle has written";
    problems.push({ path: "evaluation.bundle", allowed: "a file", got: "nothing", fix });
    return undefined;
  }
  const { size } = new Blob([bundle]);
  if (size > MOST_BUNDLE_BYTES) {
    const fix = "leave out what the evaluation does not need";
    problems.push({ path: "evaluation.bundle", allowed: "4 MB or less", got: `${(size / 1e6).toFixed(1)} MB`, fix });
  }
  return { name, bundle, ...withColumns };
}

/** The problem of a field, by the paths that the server may give to it. A place in a list counts as the list. */
export function problemAt(problems: Problems, ...paths: string[]): string | undefined {
  const found = problems.find(({ path }) => paths.includes(path.replace(/\[\d+\]|\.\d+/g, "")));
  return found && describeProblem(found);
}

export function describeProblem({ allowed, got, fix }: Problems[number]): string {
  return `must be ${allowed}, got ${got}: ${fix}`;
}
