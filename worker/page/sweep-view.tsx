import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Sweep } from "../src/api/sweeps.ts";
import { sweepPath } from "./api.ts";
import { ColumnSection } from "./column-section.tsx";
import { CancelDialog, ResumeDialog } from "./dialogs.tsx";
import { CommandLine, ErrorNotice, Notice, ProgressBar, StateBadge, Tile, ViewHeading } from "./elements.tsx";
import { useCanResume, useEnvironment } from "./environment.ts";
import { FailuresSection } from "./failures-section.tsx";
import {
  countNoun,
  describeSeconds,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatTime,
  formatUsd,
  nameParts,
  shellWord,
} from "./format.ts";
import { HeatMapSection } from "./heat-map-section.tsx";
import { type LiveSweep, useLiveSweep } from "./live-sweep.ts";
import { ThroughputSection } from "./throughput-section.tsx";
import { WorkersSection } from "./workers-section.tsx";

/** One sweep, live. */
export function SweepView({ name, wasKnown }: { name: string; wasKnown: boolean }) {
  const live = useLiveSweep(name);
  const environment = useEnvironment();
  const { sweep } = live;
  /** First parameters of the pages of failures that were opened. */
  const [starts, setStarts] = useState<readonly number[]>([0]);
  // The environment decides which parts there are: the page waits for both, so that nothing jumps.
  if (sweep === undefined || environment === undefined) {
    return (
      <>
        <ViewHeading title={name}>{nameParts(name).last}</ViewHeading>
        {live.error === undefined ? <p class="empty">Reading the sweep …</p> : <ErrorNotice error={live.error} />}
        {live.error?.problem.status === 404 && (
          <p>
            <a href="#/">All sweeps</a>
          </p>
        )}
      </>
    );
  }
  const committed = sweep.counts.present + sweep.counts.failed;
  return (
    <>
      <SweepHeader sweep={sweep} connection={live.connection} />
      {live.connection === "lost" && <ErrorNotice error={live.error} />}
      {wasKnown && (
        <Notice>The same sweep was submitted before. It is not computed twice: this is its progress.</Notice>
      )}
      <NextStep sweep={sweep} />
      <Overview sweep={sweep} />
      <HeatMapSection sweep={sweep} onFailures={(start) => setStarts(start === 0 ? [0] : [0, start])} />
      <ThroughputSection sweep={sweep} />
      <FailuresSection sweep={sweep} starts={starts} onStarts={setStarts} />
      {environment != null && environment.name !== null && <WorkersSection sweep={sweep} />}
      {committed > 0 && <ColumnSection sweep={sweep} />}
      <Facts sweep={sweep} />
    </>
  );
}

function SweepHeader({ sweep, connection }: { sweep: Sweep; connection: LiveSweep["connection"] }) {
  const [dialog, setDialog] = useState<"cancel" | "resume">();
  const canResume = useCanResume(sweep);
  const { folder, last } = nameParts(sweep.name);
  const percent = formatPercent(sweep.counts.present + sweep.counts.failed, sweep.identity.total);
  return (
    <div class="view-header">
      <div class="sweep-title">
        <ViewHeading title={`${percent} · ${last}`}>
          {folder !== "" && <span class="folder">{folder.replaceAll(":", "/")}/</span>}
          {last}
        </ViewHeading>
        <StateBadge state={sweep.state} />
        <Connection connection={connection} />
        <span class="visually-hidden" role="status">
          {sweep.state}, {percent.replace(/\..*/, "%")} committed
        </span>
      </div>
      <div class="actions">
        {sweep.hasReceipt && <Download sweep={sweep} file="receipt" text="Receipt" />}
        {sweep.hasParquet && <Download sweep={sweep} file="results.parquet" text="Parquet" />}
        {canResume && (
          <button type="button" class="primary" onClick={() => setDialog("resume")}>
            Resume …
          </button>
        )}
        {sweep.canCancel && (
          <button type="button" class="danger" onClick={() => setDialog("cancel")}>
            Cancel …
          </button>
        )}
      </div>
      {dialog === "cancel" && <CancelDialog sweep={sweep} onClose={() => setDialog(undefined)} />}
      {dialog === "resume" && <ResumeDialog sweep={sweep} onClose={() => setDialog(undefined)} />}
    </div>
  );
}

function Download({ sweep, file, text }: { sweep: Sweep; file: string; text: string }) {
  return (
    <a class="button" href={sweepPath(sweep.name, `/${file}`)} download>
      {text}
    </a>
  );
}

const CONNECTIONS = { connecting: "Connecting", live: "Live", lost: "Connection lost, trying again" } as const;

function Connection({ connection }: { connection: LiveSweep["connection"] }) {
  return (
    <span class={`connection connection-${connection}`} role="status">
      {CONNECTIONS[connection]}
    </span>
  );
}

/** What to do if the sweep does not go on by itself. */
function NextStep({ sweep }: { sweep: Sweep }) {
  const { state, stop, url } = sweep;
  const environment = useEnvironment();
  const hasWorkers = environment != null && environment.name !== null;
  const canResume = useCanResume(sweep);
  if (stop !== null && (state === "cancelled" || state === "failed")) {
    return (
      <Notice kind={state === "failed" ? "error" : "info"}>
        <p>
          <strong>{state === "failed" ? "It failed" : "It was cancelled"}</strong> on {formatTime(stop.at)}:{" "}
          {stop.reason}
        </p>
        {canResume && <p>Its results are kept. Resume computes what is missing.</p>}
        {sweep.canResume && !canResume && (
          <p>Its results are kept. The page of its environment resumes it, and so does sweep resume in a terminal.</p>
        )}
      </Notice>
    );
  }
  if (state === "waiting") {
    return (
      <Notice>
        Nothing is committed yet.
        {hasWorkers && " A new machine takes 2 to 4 minutes to start; the list of workers tells more."}
      </Notice>
    );
  }
  if (state === "idle") {
    return (
      <Notice>
        Nothing was committed in the last two minutes.{" "}
        {hasWorkers ? "Workers below may say why; if none is left," : "If it does not run any more,"}{" "}
        {canResume ? "Resume sends again what is missing." : "the same command as before computes what is missing."}
      </Notice>
    );
  }
  if (state === "complete" && !sweep.hasReceipt) {
    return (
      <Notice>
        <p>All parameters are committed. This proves that the results are complete, and writes the receipt:</p>
        <CommandLine>{`sweep verify ${shellWord(url)}`}</CommandLine>
      </Notice>
    );
  }
  if (state === "verified" && !sweep.hasParquet) {
    return (
      <Notice>
        <p>The receipt proves that the results are complete. This writes them as one table:</p>
        <CommandLine>{`sweep export ${shellWord(url)}`}</CommandLine>
      </Notice>
    );
  }
  return null;
}

function Overview({ sweep }: { sweep: Sweep }) {
  const { counts, identity } = sweep;
  const committed = counts.present + counts.failed;
  return (
    <section class="card overview" aria-label="Overview">
      <div class="overview-progress">
        <p>
          <strong>{formatPercent(committed, identity.total)}</strong>
          <span>
            {formatCount(committed)} of {countNoun(identity.total, "parameter")}
          </span>
        </p>
        <ProgressBar summary={sweep} />
      </div>
      <dl class="tiles">
        <Tile label="With a result" value={formatCount(counts.present)} />
        <Tile label="Failed" value={formatCount(counts.failed)} note={counts.isFailedExact ? undefined : "estimated"} />
        <Tile label="Missing" value={formatCount(counts.remaining)} />
        {sweep.state === "running" || sweep.lastCommitAt === null ? (
          <>
            <Tile label="Rate" value={sweep.state === "running" ? formatRate(sweep.ratePerSecond) : "–"} />
            <Tile label="Time left" value={sweep.secondsLeft === null ? "–" : describeSeconds(sweep.secondsLeft)} />
          </>
        ) : (
          <Tile
            label="Duration"
            value={formatDuration(sweep.createdAt, sweep.lastCommitAt)}
            note={counts.remaining === 0 ? undefined : "to the last commit"}
          />
        )}
        <Tile label="Computing time" value={describeSeconds(sweep.computingSeconds)} />
        {sweep.costUsd !== null && (
          <Tile
            label={counts.remaining === 0 ? "Cost" : "Cost so far"}
            value={formatUsd(sweep.costUsd)}
            note="estimated"
          />
        )}
      </dl>
    </section>
  );
}

function Facts({ sweep }: { sweep: Sweep }) {
  const { identity, submission } = sweep;
  return (
    <section class="card" aria-labelledby="section-facts">
      <header class="card-header">
        <h2 id="section-facts">About this sweep</h2>
      </header>
      <dl class="facts">
        <Fact label="Results">
          <code>{sweep.url}</code>
        </Fact>
        <Fact label="Evaluation">{identity.evaluation}</Fact>
        <Fact label="Evaluation's SHA-256">
          <code>{identity.evaluationSha256}</code>
        </Fact>
        <Fact label="Columns">{identity.columns.join(", ")}</Fact>
        <Fact label="Parameters of a block">{formatCount(identity.batchSize)}</Fact>
        <Fact label="Seed">{String(identity.seed)}</Fact>
        <Fact label="Begun">{formatTime(sweep.createdAt)}</Fact>
        <Fact label="Last commit">{sweep.lastCommitAt === null ? "none yet" : formatTime(sweep.lastCommitAt)}</Fact>
        {submission !== null && (
          <Fact label="Submitted">
            {formatTime(submission.at)}
            {submission.submittedBy !== null && ` by ${submission.submittedBy}`} on {submission.size},{" "}
            {submission.mode === "queue" ? "to the queue" : "as a Job"}
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
