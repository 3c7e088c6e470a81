import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { SweepState, SweepSummary } from "../src/api/sweeps.ts";
import type { RequestError } from "./api.ts";
import { formatAgo, formatCount, formatPercent, formatTime } from "./format.ts";

/** Heading of a view. It takes the focus when the view opens, so that a screen reader begins there. */
export function ViewHeading({ children, title }: { children: ComponentChildren; title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

export function Section({
  title,
  children,
  side,
}: {
  title: string;
  children: ComponentChildren;
  side?: ComponentChildren;
}) {
  const id = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section class="card" aria-labelledby={id}>
      <header class="card-header">
        <h2 id={id}>{title}</h2>
        {side}
      </header>
      {children}
    </section>
  );
}

/** A state in words, with a sign of its own shape, because a color alone tells many people nothing. */
export function StateBadge({ state }: { state: SweepState }) {
  return (
    <span class={`badge state-${state}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={SIGNS[state]} />
      </svg>
      {state}
    </span>
  );
}

const CHECK = "M2 6.5 5 9.5 10 3.5";
const SIGNS: Readonly<Record<SweepState, string>> = {
  waiting: "M3 2h6M3 10h6M3.5 2c0 3 5 5 5 8M8.5 2c0 3-5 5-5 8",
  running: "M4 2.5 9.5 6 4 9.5Z",
  idle: "M4 2.5v7M8 2.5v7",
  complete: CHECK,
  verified: `${CHECK}M2 10.8h8`,
  cancelled: "M3 3h6v6H3Z",
  failed: "M3 3 9 9M9 3 3 9",
};

/** Bar of the parameters with a result, then of those that failed. */
export function ProgressBar({ summary }: { summary: Pick<SweepSummary, "counts" | "identity" | "name"> }) {
  const { counts, identity } = summary;
  const committed = counts.present + counts.failed;
  const present = (100 * counts.present) / Math.max(1, identity.total);
  // A few failures among a million would be thinner than a pixel.
  const failed = counts.failed === 0 ? 0 : Math.max(0.7, (100 * counts.failed) / identity.total);
  return (
    <svg
      class="bar"
      role="progressbar"
      aria-label={`Progress of ${summary.name}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor((100 * committed) / Math.max(1, identity.total))}
      aria-valuetext={`${formatPercent(committed, identity.total)}, ${formatCount(committed)} of ${formatCount(identity.total)} parameters`}
    >
      <rect class="bar-done" width={`${present}%`} height="100%" />
      <rect class="bar-failed" x={`${Math.min(present, 100 - failed)}%`} width={`${failed}%`} height="100%" />
    </svg>
  );
}

export function Tile({ label, value, note }: { label: string; value: string; note?: string | undefined }) {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        {value}
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  );
}

/** How long ago something was, kept up to date. The exact time shows on hover. */
export function Ago({ time }: { time: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAgo(time, Math.max(now, Date.parse(time)))}
    </time>
  );
}

export function Notice({ kind = "info", children }: { kind?: "info" | "error"; children: ComponentChildren }) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}

export function ErrorNotice({ error }: { error: RequestError | undefined }) {
  if (error === undefined) return null;
  return (
    <Notice kind="error">
      <strong>{error.problem.title}.</strong> {error.problem.detail}
      {error.problem.status === 401 && (
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      )}
    </Notice>
  );
}

/** A command line with a button that copies it. */
export function CommandLine({ children }: { children: string }) {
  const [note, setNote] = useState("");
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(children);
      setNote("Copied");
    } catch {
      // A page without HTTPS may not write to the clipboard.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setNote("Selected");
    }
    setTimeout(() => setNote(""), 2_000);
  };
  return (
    <span class="command">
      {/* A long line scrolls, which the keyboard must be able to do, too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <code ref={code} tabIndex={0}>
        {children}
      </code>
      <button type="button" class="copy" onClick={copy} aria-label={`Copy ${children}`}>
        {note || "Copy"}
      </button>
      <span class="visually-hidden" role="status">
        {note}
      </span>
    </span>
  );
}

/** Choices of which one holds, as a row of radio buttons. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly { readonly value: T; readonly text: string }[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input type="radio" name={label} checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>{option.text}</span>
        </label>
      ))}
    </fieldset>
  );
}
