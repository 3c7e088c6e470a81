import { useEffect, useRef, useState } from "preact/hooks";
import UPlot from "uplot";
import { formatValue } from "./format.ts";
import { type Palette, usePalette } from "./theme.ts";
import { useWidth } from "./width.ts";

const CHART_HEIGHT = 200;

interface ChartProps {
  /** The chart in a sentence, for those who do not see it. */
  readonly label: string;
  readonly data: UPlot.AlignedData;
  /** Everything but the size. A chart is made anew when this changes, so keep it the same function. */
  readonly options: (palette: Palette) => Omit<UPlot.Options, "width" | "height">;
  /** What is said below the chart: of the point in the data that is pointed at, or of all of them. */
  readonly describe: (index: number | undefined) => string;
}

/** A chart whose points a pointer, the arrow keys and a screen reader can read. */
export function Chart({ label, data, options, describe }: ChartProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const palette = usePalette();
  const chart = useRef<UPlot>(undefined);
  const latest = useRef(data);
  latest.current = data;
  const [pointed, setPointed] = useState<number>();
  const most = Math.max(0, data[0].length - 1);
  const hasWidth = width > 0;
  // A change of the width or of the data needs no new chart: the effects below change the present one.
  useEffect(() => {
    if (!hasWidth || frame.current === null) return;
    const made = options(palette);
    const onCursor = (plot: UPlot) => setPointed(plot.cursor.idx ?? undefined);
    chart.current = new UPlot(
      {
        ...made,
        width,
        height: CHART_HEIGHT,
        legend: { show: false },
        hooks: { ...made.hooks, setCursor: [onCursor] },
      },
      latest.current,
      frame.current,
    );
    return () => chart.current?.destroy();
  }, [hasWidth, palette, options]);
  useEffect(() => chart.current?.setSize({ width, height: CHART_HEIGHT }), [width]);
  useEffect(() => chart.current?.setData(data), [data]);
  const pointAt = (index: number) => {
    const place = data[0][Math.min(most, Math.max(0, index))];
    if (chart.current && place !== undefined)
      chart.current.setCursor({ left: chart.current.valToPos(place, "x"), top: 0 });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const index = nextIndex(event.key, pointed, most);
    if (index === undefined) return;
    pointAt(index);
    event.preventDefault();
  };
  const shown = pointed === undefined ? undefined : Math.min(pointed, most);
  return (
    <>
      <div
        ref={frame}
        class="chart"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={most}
        aria-valuenow={shown ?? 0}
        aria-valuetext={describe(shown)}
        onKeyDown={onKeyDown}
        onBlur={() => chart.current?.setCursor({ left: -10, top: -10 })}
      />
      <p class="readout">{describe(shown)}</p>
    </>
  );
}

/** The point that a key leads to, of `most` + 1. Undefined for a key that leads nowhere. */
function nextIndex(key: string, pointed: number | undefined, most: number): number | undefined {
  if (key === "End") return most;
  if (key === "Home" || (pointed === undefined && key.startsWith("Arrow"))) return 0;
  const steps: Readonly<Record<string, number | undefined>> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -10,
    PageUp: 10,
  };
  const step = steps[key];
  return step === undefined ? undefined : (pointed ?? 0) + step;
}

/** The range of an axis: all of the data, and at least so much. uPlot itself would show a single time amid years. */
export function rangeOfAtLeast(least: number): (plot: UPlot) => UPlot.Range.MinMax {
  return ({ data: [places] }) => {
    const first = places[0] ?? 0;
    const last = places.at(-1) ?? first;
    const lacking = Math.max(0, least - (last - first)) / 2;
    return [first - lacking, last + lacking];
  };
}

function isThousands(value: number): boolean {
  return Math.abs(value) >= 1_000 && Math.abs(value) < 1e15;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

/** An axis in the colors of the page. */
export function axis(palette: Palette, values?: (plot: UPlot, splits: number[]) => string[]): UPlot.Axis {
  return {
    stroke: palette.muted,
    grid: { stroke: palette.border, width: 1 },
    ticks: { show: false },
    gap: 6,
    font: "12px system-ui, sans-serif",
    values:
      values ??
      ((_, splits) => splits.map((value) => (isThousands(value) ? compact.format(value) : formatValue(value)))),
  };
}
