import type { FailurePage, Sweep } from "../src/api/sweeps.ts";
import { sweepPath } from "./api.ts";
import { CommandLine, ErrorNotice, Section } from "./elements.tsx";
import { formatCount, shellWord } from "./format.ts";
import { useRequest } from "./requests.ts";

const PAGE_SIZE = 5;

interface Props {
  readonly sweep: Sweep;
  readonly starts: readonly number[];
  readonly onStarts: (starts: readonly number[]) => void;
}

/**
 * Failed parameters with their reasons, a page at a time.
 *
 * @param starts first parameters of the pages that led here, and of the present one. The heat map sets them, too.
 */
export function FailuresSection({ sweep, starts, onStarts }: Props) {
  const from = starts.at(-1) ?? 0;
  const { counts, name, url } = sweep;
  const after = from === 0 ? "" : `&after=${from - 1}`;
  const path = counts.failed === 0 ? undefined : sweepPath(name, `/failures?limit=${PAGE_SIZE}${after}`);
  const { data, error } = useRequest<FailurePage>(path, { version: counts.failed });
  const total = counts.failed === 0 ? "none" : `${counts.isFailedExact ? "" : "about "}${formatCount(counts.failed)}`;
  return (
    <Section title="Failures" side={<span class="muted">{total}</span>}>
      {counts.failed === 0 && (
        <p class="empty">
          {counts.present === 0 ? "Nothing has failed so far." : "Every committed parameter has a result."}
        </p>
      )}
      <ErrorNotice error={error} />
      {data === undefined && error === undefined && counts.failed > 0 && (
        <p class="empty failures-place">Reading the failures …</p>
      )}
      {data !== undefined && counts.failed > 0 && (
        <>
          {from > 0 && <p class="muted">From parameter {formatCount(from)} on</p>}
          {data.failures.length === 0 && <p class="empty">No failure from parameter {formatCount(from)} on.</p>}
          <ol class="failures">
            {data.failures.map(({ parameter, kind, error: reason }) => (
              <li key={parameter}>
                <p class="failure-name">
                  <strong>Parameter {formatCount(parameter)}</strong> <span class="kind">{KINDS[kind]}</span>
                </p>
                <pre>{reason}</pre>
                <CommandLine>{`sweep replay ${parameter} --results ${shellWord(url)}`}</CommandLine>
              </li>
            ))}
          </ol>
          <nav class="pager" aria-label="Pages of failures">
            {starts.length > 1 && (
              <button type="button" onClick={() => onStarts(starts.slice(0, -1))}>
                Previous page
              </button>
            )}
            {data.next !== null && (
              <button type="button" onClick={() => onStarts([...starts, (data.next ?? 0) + 1])}>
                Next page
              </button>
            )}
          </nav>
        </>
      )}
    </Section>
  );
}

const KINDS: Readonly<Record<FailurePage["failures"][number]["kind"], string>> = {
  threw: "threw",
  "invalid-result": "invalid result",
  exited: "exited",
  killed: "killed",
  "out-of-memory": "out of memory",
  timeout: "timeout",
};
