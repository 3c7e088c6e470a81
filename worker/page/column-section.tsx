import { useMemo, useState } from "preact/hooks";
import UPlot from "uplot";
import type { Column, Sweep } from "../src/api/sweeps.ts";
import { sweepPath } from "./api.ts";
import { axis, Chart } from "./chart.tsx";
import { ErrorNotice, Section } from "./elements.tsx";
import { countNoun, formatCount, formatParameters, formatValue } from "./format.ts";
import { useRequest } from "./requests.ts";
import { type Palette, translucent } from "./theme.ts";

/** Values of one column: how often they occur, and where. The server reads a sample when somebody asks for it, and once more at the end. */
export function ColumnSection({ sweep }: { sweep: Sweep }) {
  const { columns, total } = sweep.identity;
  const [column, setColumn] = useState(columns[0] ?? "");
  const [range, setRange] = useState<{ readonly from: number; readonly to: number }>();
  const query = range === undefined ? "" : `?from=${range.from}&count=${range.to - range.from + 1}`;
  const { data, error, reload } = useRequest<Column>(
    sweepPath(sweep.name, `/columns/${encodeURIComponent(column)}${query}`),
    { version: sweep.counts.remaining === 0 },
  );
  const chooseRange = (event: SubmitEvent) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const from = Number(values.get("from"));
    const to = values.get("to") === "" ? total - 1 : Number(values.get("to"));
    setRange({ from: Math.min(from, to), to: Math.max(from, to) });
  };
  return (
    <Section
      title="Results"
      side={
        <button type="button" onClick={reload}>
          Read again
        </button>
      }
    >
      <form class="row-form" onSubmit={chooseRange}>
        <label class="field">
          <span class="field-label">Column</span>
          <select value={column} onChange={(event) => setColumn(event.currentTarget.value)}>
            {columns.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field">
          <span class="field-label">From parameter</span>
          <input name="from" type="number" min="0" max={total - 1} placeholder="0" />
        </label>
        <label class="field">
          <span class="field-label">To parameter</span>
          <input name="to" type="number" min="0" max={total - 1} placeholder={formatCount(total - 1)} />
        </label>
        <button type="submit">Show</button>
      </form>
      <ErrorNotice error={error} />
      {data !== undefined &&
        (data.sampled === 0 ? (
          <p class="empty">No parameter of this range has a result yet.</p>
        ) : (
          <div class="charts">
            <Histogram column={data} />
            <OverParameter column={data} />
          </div>
        ))}
      {data === undefined && error === undefined && <p class="empty charts-place">Reading a sample of the results …</p>}
    </Section>
  );
}

function Histogram({ column: { column, sampled, histogram } }: { column: Column }) {
  const { from, to, counts } = histogram;
  const low = from ?? 0;
  const step = ((to ?? 0) - low) / Math.max(1, counts.length);
  const data = useMemo(
    (): UPlot.AlignedData => [counts.map((_, index) => low + (index + 0.5) * step), counts as number[]],
    [counts, low, step],
  );
  const range = `${formatValue(from)} to ${formatValue(to)}`;
  const describe = (bar: number | undefined) =>
    bar === undefined
      ? `${countNoun(sampled, "parameter")} ${sampled === 1 ? "was" : "were"} read, with values from ${range}`
      : `${formatValue(low + bar * step)} to ${formatValue(low + (bar + 1) * step)}: ${formatCount(counts[bar] ?? 0)} of ${formatCount(sampled)}`;
  return (
    <div>
      <h3>How often values of {column} occur</h3>
      <Chart
        label={`Histogram of ${column}: ${formatCount(sampled)} values from ${range}`}
        data={data}
        options={histogramOptions}
        describe={describe}
      />
    </div>
  );
}

function OverParameter({ column: { column, overParameter } }: { column: Column }) {
  const data = useMemo(
    (): UPlot.AlignedData => [
      overParameter.map(({ start, count }) => start + (count - 1) / 2),
      overParameter.map(({ min }) => min),
      overParameter.map(({ max }) => max),
      overParameter.map(({ mean }) => mean),
    ],
    [overParameter],
  );
  const describe = (index: number | undefined) => {
    const stretch = index === undefined ? undefined : overParameter[index];
    if (stretch === undefined) return "Line: mean of each stretch that was read. Area: its least to largest value";
    const { start, count, mean, min, max } = stretch;
    return `Parameters ${formatParameters(start, count)}: mean ${formatValue(mean)}, from ${formatValue(min)} to ${formatValue(max)}`;
  };
  return (
    <div>
      <h3>{column} over the parameter</h3>
      <Chart
        label={`Mean of ${column} over the parameter, between least and largest value, in ${formatCount(overParameter.length)} stretches`}
        data={data}
        options={overParameterOptions}
        describe={describe}
      />
    </div>
  );
}

const bars = UPlot.paths.bars?.({ size: [1], gap: 1 });

function histogramOptions(palette: Palette): Omit<UPlot.Options, "width" | "height"> {
  return {
    padding: [null, 16, null, null],
    cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
    scales: {
      // The places of the bars are their middles.
      x: {
        time: false,
        range: ({ data: [middles] }) => {
          const first = middles[0] ?? 0;
          const last = middles.at(-1) ?? first;
          const size = Math.max(Math.abs(first), Math.abs(last));
          // uPlot finds no numbers for an axis whose ends are the same to the last digits.
          const differ = last - first > Math.max(size * 1e-9, 1e-300);
          const half = differ ? (last - first) / (middles.length - 1) / 2 : Math.max(0.5, size / 10);
          return [first - half, last + half];
        },
      },
      y: { range: (_, _low, high) => [0, Math.max(1, high) * 1.08] },
    },
    axes: [
      { ...axis(palette), space: 64, size: 32 },
      { ...axis(palette), size: 56 },
    ],
    series: [
      {},
      {
        stroke: palette.done,
        fill: translucent(palette.done, 0.75),
        width: 0,
        ...(bars === undefined ? {} : { paths: bars }),
        points: { show: false },
      },
    ],
  };
}

function overParameterOptions(palette: Palette): Omit<UPlot.Options, "width" | "height"> {
  const edge: UPlot.Series = { stroke: translucent(palette.accent, 0.35), width: 1, points: { show: false } };
  return {
    padding: [null, 16, null, null],
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis(palette), space: 72, size: 32 },
      { ...axis(palette), size: 56 },
    ],
    series: [{}, edge, edge, { stroke: palette.accent, width: 1.5, points: { size: 4 } }],
    bands: [{ series: [2, 1], fill: translucent(palette.accent, 0.16) }],
  };
}
