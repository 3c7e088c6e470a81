import { useState } from "preact/hooks";
import type { Sweep, Workers } from "../src/api/sweeps.ts";
import { sweepPath } from "./api.ts";
import { Ago, ErrorNotice, Section } from "./elements.tsx";
import { countNoun, formatCount } from "./format.ts";
import { useRequest } from "./requests.ts";

const POLL_MS = 10_000;
/** Workers that are listed before somebody asks for more. */
const SHORT_LENGTH = 10;
/** Workers that need somebody come first. */
const URGENCY: readonly Workers["workers"][number]["state"][] = ["failed", "waiting", "running", "ended"];

/** The pods of a sweep, and why they wait. */
export function WorkersSection({ sweep }: { sweep: Sweep }) {
  const { data, error } = useRequest<Workers>(sweepPath(sweep.name, "/workers"), { everyMs: POLL_MS });
  const [isLong, setLong] = useState(false);
  const workers = [...(data?.workers ?? [])].sort((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state));
  const summary = URGENCY.map((state) => ({ state, count: workers.filter((worker) => worker.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${formatCount(count)} ${state}`)
    .join(", ");
  const shown = isLong ? workers : workers.slice(0, SHORT_LENGTH);
  return (
    <Section title="Workers" side={<span class="muted">{summary}</span>}>
      <ErrorNotice error={error} />
      {data === undefined && error === undefined && <p class="empty">Asking for the workers …</p>}
      {data !== undefined && workers.length === 0 && (
        <p class="empty">{data.note ?? "No worker is there at present."}</p>
      )}
      {workers.length > 0 && (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">Since</th>
              <th scope="col">Machine</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((worker) => (
              <tr key={worker.name}>
                <th scope="row">{worker.name}</th>
                <td>
                  <span class={`worker-state worker-${worker.state}`}>{worker.state}</span>
                </td>
                <td>{worker.reason}</td>
                <td>{worker.since !== null && <Ago time={worker.since} />}</td>
                <td>
                  {worker.node}
                  {worker.size !== null && <span class="muted"> {worker.size}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown.length < workers.length && (
        <button type="button" onClick={() => setLong(true)}>
          Show all {formatCount(workers.length)}
        </button>
      )}
      {data !== undefined && isLong && data.total > workers.length && (
        <p class="muted">and {countNoun(data.total - workers.length, "more pod")}</p>
      )}
    </Section>
  );
}
