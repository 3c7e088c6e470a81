import { useEffect, useRef } from "preact/hooks";
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
  /** Gets the place in the data that is pointed at. */
  readonly onPoint: (index: number | undefined) => void;
}

export function Chart({ label, data, options, onPoint }: ChartProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const palette = usePalette();
  const chart = useRef<UPlot>(undefined);
  const latest = useRef({ data, onPoint });
  latest.current = { data, onPoint };
  const hasWidth = width > 0;
  // Without the width and the data: they change the chart that is there.
  useEffect(() => {
    if (!hasWidth || frame.current === null) return;
    const made = options(palette);
    const onCursor = (plot: UPlot) => latest.current.onPoint(plot.cursor.idx ?? undefined);
    chart.current = new UPlot(
      {
        ...made,
        width,
        height: CHART_HEIGHT,
        legend: { show: false },
        hooks: { ...made.hooks, setCursor: [onCursor] },
      },
      latest.current.data,
      frame.current,
    );
    return () => chart.current?.destroy();
  }, [hasWidth, palette, options]);
  useEffect(() => chart.current?.setSize({ width, height: CHART_HEIGHT }), [width]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div ref={frame} class="chart" role="img" aria-label={label} />;
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
