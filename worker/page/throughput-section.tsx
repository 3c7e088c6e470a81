import { useMemo } from "preact/hooks";
import type UPlot from "uplot";
import type { Sweep } from "../src/api/sweeps.ts";
import { axis, Chart, rangeOfAtLeast } from "./chart.tsx";
import { Section } from "./elements.tsx";
import { countNoun, describeSeconds, formatRate } from "./format.ts";
import { type Palette, translucent } from "./theme.ts";

/** Parameters committed in a second, over time. */
export function ThroughputSection({ sweep }: { sweep: Sweep }) {
  const { throughput, state } = sweep;
  const { start, parameters } = throughput;
  const stepSeconds = Math.max(throughput.stepSeconds, 0.001);
  // By content: every event brings new objects that say mostly the same.
  const data = useMemo((): UPlot.AlignedData => {
    const first = start === null ? 0 : Date.parse(start) / 1_000;
    // The last step of a running sweep has just begun, and would look like a fall.
    const complete = state === "running" && parameters.length > 2 ? parameters.slice(0, -1) : parameters;
    return [complete.map((_, step) => first + step * stepSeconds), complete.map((count) => count / stepSeconds)];
  }, [start, stepSeconds, state, parameters.join()]);
  const [times, rates] = data as [number[], number[]];
  if (start === null || rates.length === 0) {
    return (
      <Section title="Throughput">
        <p class="empty">The chart begins with the first commit.</p>
      </Section>
    );
  }
  const seconds = rates.length * stepSeconds;
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const peak = rates.reduce((most, rate) => Math.max(most, rate), 0);
  const summary = `Mean ${formatRate(mean)}, peak ${formatRate(peak)}, over ${describeSeconds(seconds)}`;
  const describe = (step: number | undefined) =>
    step === undefined
      ? summary
      : `${exact.format((times[step] ?? 0) * 1_000)}: ${formatRate(rates[step] ?? 0)}, ${countNoun(parameters[step] ?? 0, "parameter")} in ${describeSeconds(stepSeconds)}`;
  return (
    <Section title="Throughput" side={<span class="muted">parameters a second</span>}>
      <Chart label={`Throughput over time. ${summary}`} data={data} options={chartOptions} describe={describe} />
    </Section>
  );
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const minute = new Intl.DateTimeFormat(undefined, clock);
const second = new Intl.DateTimeFormat(undefined, { ...clock, second: "2-digit" });

function chartOptions(palette: Palette): Omit<UPlot.Options, "width" | "height"> {
  return {
    // The last label of the axis needs room on its right.
    padding: [null, 28, null, null],
    cursor: { drag: { x: false, y: false }, y: false },
    // Labels of less than a second would be the same for several lines.
    scales: { x: { range: rangeOfAtLeast(10) }, y: { range: (_, _low, high) => [0, Math.max(1e-9, high) * 1.08] } },
    axes: [
      {
        ...axis(palette, (_, splits) => {
          const distance = (splits[1] ?? 0) - (splits[0] ?? 0);
          const format = distance >= 86_400 ? day : distance >= 60 ? minute : second;
          return splits.map((time) => format.format(time * 1_000));
        }),
        space: 72,
        size: 32,
      },
      { ...axis(palette), size: 56 },
    ],
    series: [{}, { stroke: palette.accent, width: 1.5, fill: translucent(palette.accent, 0.16), points: { size: 4 } }],
  };
}
