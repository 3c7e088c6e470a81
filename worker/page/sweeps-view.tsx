import type { SweepList, SweepSummary } from "../src/api/sweeps.ts";
import { Ago, ErrorNotice, ProgressBar, StateBadge, ViewHeading } from "./elements.tsx";
import { useEnvironment } from "./environment.ts";
import {
  countNoun,
  describeSeconds,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatUsd,
  nameParts,
} from "./format.ts";
import { useRequest } from "./requests.ts";
import { sweepHash, sweepsHash } from "./routes.ts";
import { RunCommand } from "./run-command.tsx";

/** As often as a server reads a sweep that somebody looks at. */
const POLL_MS = 5_000;

/** All sweeps, newest first, a page at a time. */
export function SweepsView({ after, filter }: { after: string | undefined; filter: string }) {
  const query = after === undefined ? "" : `?after=${encodeURIComponent(after)}`;
  const { data, error } = useRequest<SweepList>(`api/sweeps${query}`, { everyMs: POLL_MS });
  const shown = data?.sweeps.filter((sweep) => matches(sweep, filter)) ?? [];
  const isEmpty = data !== undefined && data.sweeps.length === 0 && after === undefined;
  return (
    <>
      <div class="view-header">
        <ViewHeading title="Sweeps">Sweeps</ViewHeading>
        {!isEmpty && (
          <label class="filter">
            <span class="visually-hidden">Filter by name, evaluation, state or user</span>
            <input
              type="search"
              placeholder="Filter by name, state, user"
              value={filter}
              onInput={({ currentTarget: { value } }) => {
                // In the URL, so that it can be shared. A history of every letter would make the back button useless.
                history.replaceState(null, "", sweepsHash({ after, filter: value }));
                dispatchEvent(new HashChangeEvent("hashchange"));
              }}
            />
          </label>
        )}
      </div>
      <ErrorNotice error={error} />
      {data === undefined && error === undefined && <p class="empty">Reading the list of sweeps …</p>}
      {isEmpty && <NoSweeps />}
      {data !== undefined && !isEmpty && (
        <>
          <p class="visually-hidden" role="status">
            {filter !== "" && `${countNoun(shown.length, "sweep")} on this page match`}
          </p>
          {shown.length === 0 ? (
            <p class="empty">
              {filter === "" ? "There are no older sweeps." : `No sweep on this page matches “${filter}”.`}
            </p>
          ) : (
            <ul class="sweeps">
              {shown.map((sweep) => (
                <SweepRow key={sweep.name} sweep={sweep} />
              ))}
            </ul>
          )}
          <nav class="pager" aria-label="Pages">
            {after !== undefined && (
              <a class="pager-link" href={sweepsHash({ filter })}>
                Newest
              </a>
            )}
            {data.next !== null && (
              <a class="pager-link" href={sweepsHash({ after: data.next, filter })}>
                Older sweeps
              </a>
            )}
          </nav>
        </>
      )}
    </>
  );
}

function matches({ name, identity, state, submission }: SweepSummary, filter: string): boolean {
  const text = [name, identity.evaluation, state, submission?.submittedBy, submission?.size].join(" ").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function SweepRow({ sweep }: { sweep: SweepSummary }) {
  const { name, identity, state, counts, submission } = sweep;
  const { folder, last } = nameParts(name);
  const committed = counts.present + counts.failed;
  return (
    <li class="card sweep-row">
      <div class="sweep-name">
        <h2>
          <a href={sweepHash(name)}>
            {folder !== "" && <span class="folder">{folder.replaceAll(":", "/")}/</span>}
            {last}
          </a>
        </h2>
        <p>
          <Ago time={submission?.at ?? sweep.createdAt} />
          {submission?.submittedBy != null && <> by {submission.submittedBy}</>}
          {submission !== null && <> on {submission.size}</>}
        </p>
      </div>
      <StateBadge state={state} />
      <div class="sweep-progress">
        <ProgressBar summary={sweep} />
        <p>
          <span>
            <strong>{formatPercent(committed, identity.total)}</strong> of {formatCount(identity.total)}
          </span>
          {counts.failed > 0 && (
            <span class="failed-text">
              {counts.isFailedExact ? "" : "about "}
              {formatCount(counts.failed)} failed
            </span>
          )}
        </p>
      </div>
      <dl class="sweep-figures">
        {state === "running" || sweep.lastCommitAt === null ? (
          <>
            <Figure label="Rate" value={state === "running" ? formatRate(sweep.ratePerSecond) : "–"} />
            <Figure label="Time left" value={sweep.secondsLeft === null ? "–" : describeSeconds(sweep.secondsLeft)} />
          </>
        ) : (
          <Figure wide label="Duration" value={formatDuration(sweep.createdAt, sweep.lastCommitAt)} />
        )}
        {sweep.costUsd !== null && <Figure label="Cost" value={formatUsd(sweep.costUsd)} />}
      </dl>
    </li>
  );
}

function Figure({ label, value, wide = false }: { label: string; value: string; wide?: boolean }) {
  return (
    <div class={wide ? "wide" : ""}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function NoSweeps() {
  const environment = useEnvironment();
  if (environment == null) return null;
  return (
    <section class="card empty-state">
      <h2>No sweeps yet</h2>
      <p>
        {environment.sizes.length > 0 && (
          <>
            <a href="#/submit">Submit a sweep here</a>, or start one in a terminal.{" "}
          </>
        )}
        {environment.sizes.length === 0 && environment.name === null && "Run one in a terminal. "}
        {environment.sizes.length === 0 && environment.name !== null && "A deploy with a job starts one. "}
        It appears on this page as soon as it begins.
      </p>
      <RunCommand environment={environment} />
      <p class="muted">
        This page shows the results in <code>{environment.resultsRoot}</code>.
      </p>
    </section>
  );
}
