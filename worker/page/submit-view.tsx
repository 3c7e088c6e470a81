import { useEffect, useRef, useState } from "preact/hooks";
import type { ServedEnvironment, Submitted } from "../src/api/submission.ts";
import { post, RequestError } from "./api.ts";
import { ErrorNotice, Notice, ViewHeading } from "./elements.tsx";
import { Field, RadioField } from "./fields.tsx";
import { formatCount, formatUsd } from "./format.ts";
import { sweepHash } from "./routes.ts";
import { RunCommand } from "./run-command.tsx";
import { describeProblem, type Problems, problemAt, requestOf, type Source, type Texts } from "./submission.ts";

/** The form of a new sweep. It offers what the environment has. */
export function SubmitView({ environment }: { environment: ServedEnvironment | undefined }) {
  return (
    <>
      <ViewHeading title="New sweep">New sweep</ViewHeading>
      {environment === undefined ? (
        <p class="empty">Reading the environment …</p>
      ) : environment.sizes.length === 0 ? (
        <section class="card empty-state">
          <h2>This server starts no sweeps</h2>
          <p>
            {environment.name === null
              ? "It has no machines to run them on. Run one in a terminal:"
              : "Its environment has neither executors nor jobs for the API. A deploy with a job starts a sweep."}
          </p>
          <RunCommand environment={environment} />
        </section>
      ) : (
        <SubmitForm environment={environment} />
      )}
    </>
  );
}

const EMPTY: Texts = {
  total: "",
  seed: "",
  batchSize: "",
  evaluationConcurrency: "",
  evaluationTimeoutSeconds: "",
  maxFailures: "",
  simulateWorkMs: "",
  executors: "",
  evaluationName: "",
  columns: "",
  command: "",
  size: "",
  mode: "",
  name: "",
};
const SOURCES: Readonly<Record<Source, string>> = {
  name: "In the image",
  bundle: "Upload a bundle",
  command: "A program",
};
const MODES = { queue: "Queue", job: "Job" } as const;
/** Paths of problems that a field of the form shows. */
const SHOWN = /^(total|seed|batchSize|evaluation.*|maxFailures|simulateWorkMs|executors|size|mode|name)$/;

function SubmitForm({ environment }: { environment: ServedEnvironment }) {
  const { sizes, evaluations, allowsCommands } = environment;
  const [texts, setTexts] = useState<Texts>({
    ...EMPTY,
    evaluationName: evaluations[0] ?? "",
    size: sizes[0]?.size ?? "",
  });
  const sources: Source[] = [
    ...(evaluations.length > 0 ? (["name"] as const) : []),
    "bundle",
    ...(allowsCommands ? (["command"] as const) : []),
  ];
  const [source, setSource] = useState<Source>(sources[0] ?? "bundle");
  const [bundle, setBundle] = useState<string>();
  const [error, setError] = useState<RequestError>();
  const [problems, setProblems] = useState<Problems>([]);
  const [isSending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const wrong = [...(form.current?.querySelectorAll<HTMLElement>("[aria-invalid=true]") ?? [])];
    for (const details of wrong.map((field) => field.closest("details"))) if (details) details.open = true;
    wrong[0]?.focus();
  }, [problems]);

  const size = sizes.find((one) => one.size === texts.size) ?? sizes[0];
  const modes = size?.modes ?? [];
  const mode = modes.find((one) => one === texts.mode) ?? modes[0] ?? "queue";
  const field = (name: keyof Texts, ...paths: string[]) => ({
    value: texts[name],
    onValue: (value: string) => change({ [name]: value }),
    problem: problemAt(problems, ...(paths.length > 0 ? paths : [name])),
  });
  const change = (changed: Partial<Texts>) => setTexts((old) => ({ ...old, ...changed }));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const request = requestOf(source, { ...texts, mode }, bundle);
    setError(undefined);
    setProblems(Array.isArray(request) ? request : []);
    if (Array.isArray(request)) return;
    setSending(true);
    try {
      const { name, isNew } = await post<Submitted>("api/sweeps", request);
      location.hash = sweepHash(name) + (isNew ? "" : "?known");
    } catch (reason) {
      if (!(reason instanceof RequestError)) throw reason;
      setError(reason);
      setProblems(reason.problem.problems ?? []);
    }
    setSending(false);
  };
  const chooseFile = async (file: File | undefined) => {
    setBundle(await file?.text());
    if (file) change({ evaluationName: file.name.replace(/\.[^.]*$/, "") });
  };
  const others = problems.filter(({ path }) => !SHOWN.test(path));
  return (
    <form ref={form} class="submit" onSubmit={submit} noValidate>
      {problems.length === 0 && <ErrorNotice error={error} />}
      {problems.length > 0 && (
        <Notice kind="error">
          {problems.length === 1 ? "One value is wrong." : `${problems.length} values are wrong.`}{" "}
          {others.length < problems.length && "See the fields that are marked."}
          {others.length > 0 && (
            <ul>
              {others.map((problem) => (
                <li key={problem.path}>
                  {problem.path} {describeProblem(problem)}
                </li>
              ))}
            </ul>
          )}
        </Notice>
      )}
      <section class="card">
        <h2>Evaluation</h2>
        {sources.length > 1 && (
          <RadioField
            label="Where the evaluation is"
            options={sources.map((value) => ({ value, text: SOURCES[value] }))}
            value={source}
            onChange={(next) => {
              setSource(next);
              setProblems([]);
              // The input of the file is made anew, without one.
              setBundle(undefined);
              change({ evaluationName: next === "name" ? (evaluations[0] ?? "") : "", columns: "" });
            }}
          />
        )}
        <div class="fields">
          {source === "name" && (
            <Field
              label="Evaluation"
              options={evaluations}
              {...field("evaluationName", "evaluation", "evaluation.name")}
            />
          )}
          {source === "bundle" && (
            <>
              <Field
                label="Bundle"
                hint="sweep bundle evaluation.ts --output evaluation.mjs writes it"
                file=".mjs,.js"
                onFile={chooseFile}
                problem={problemAt(problems, "evaluation.bundle", "evaluation")}
              />
              <Field label="Name of the evaluation" {...field("evaluationName", "evaluation.name")} />
            </>
          )}
          {source === "command" && (
            <Field
              label="Command line"
              hint="A program in the image"
              {...field("command", "evaluation.command", "evaluation")}
            />
          )}
          {/* The server knows them of most evaluations in the image, and says so if it does not. */}
          {(source !== "name" || texts.columns !== "" || problemAt(problems, "evaluation.columns") !== undefined) && (
            <Field
              label="Columns"
              hint="The names of its results, with commas between them"
              placeholder="value"
              {...field("columns", "evaluation.columns")}
            />
          )}
        </div>
      </section>
      <section class="card">
        <h2>Parameters and machines</h2>
        <div class="fields">
          <Field label="Number of parameters" numeric placeholder="10,000,000" isRequired {...field("total")} />
          <Field
            label="Size of the machines"
            options={sizes.map((one) => one.size)}
            hint={
              size === undefined || size.hourlyUsd === null
                ? undefined
                : `${formatUsd(size.hourlyUsd)} an hour for each machine`
            }
            {...field("size")}
          />
          <Field
            label={mode === "queue" ? "Executors at first" : "Workers"}
            numeric
            hint={
              mode === "queue"
                ? `They call for more by themselves, at most ${formatCount(size?.max ?? 1)}`
                : `At most ${formatCount(size?.max ?? 1)}`
            }
            {...field("executors")}
          />
        </div>
        {modes.length > 1 && (
          <RadioField
            label="Runs as"
            options={modes.map((value) => ({ value, text: MODES[value] }))}
            value={mode}
            onChange={(value) => change({ mode: value })}
          />
        )}
      </section>
      <details class="card">
        <summary>More settings</summary>
        <p class="muted">An empty field takes the default of the worker.</p>
        <div class="fields">
          <Field label="Seed" numeric hint="Another one gives other random numbers" {...field("seed")} />
          <Field label="Parameters of a block" numeric hint="Results are committed in blocks" {...field("batchSize")} />
          <Field
            label="Evaluations at the same time"
            numeric
            hint="Of one process, for evaluations that wait"
            {...field("evaluationConcurrency")}
          />
          <Field label="Timeout in seconds" numeric hint="Of one evaluation" {...field("evaluationTimeoutSeconds")} />
          <Field label="Most failures" numeric hint="The sweep stops if more fail" {...field("maxFailures")} />
          <Field
            label="Simulated work in ms"
            numeric
            hint="Time to wait for each parameter"
            {...field("simulateWorkMs")}
          />
          <Field label="Name of the run" hint="If empty, made from what decides the results" {...field("name")} />
        </div>
      </details>
      <div class="actions">
        <button type="submit" class="primary" disabled={isSending}>
          {isSending ? "Submitting …" : "Submit"}
        </button>
      </div>
    </form>
  );
}
