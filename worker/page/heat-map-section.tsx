import { useEffect, useRef, useState } from "preact/hooks";
import type { HeatMap, Sweep } from "../src/api/sweeps.ts";
import { sweepPath } from "./api.ts";
import { Choice, ErrorNotice, Section } from "./elements.tsx";
import { countNoun, describeSeconds, formatCount, formatParameters } from "./format.ts";
import {
  cellsFor,
  drawHeatMap,
  type HeatMapMode,
  layOut,
  mergeCells,
  type Stretch,
  stretchOf,
  timeRange,
} from "./heat-map.ts";
import { useRequest } from "./requests.ts";
import { usePalette } from "./theme.ts";
import { useWidth } from "./width.ts";

/** A narrow screen has no room for more. */
const NARROW = { width: 560, cells: 1_024 };
/** Most cells that a server makes. */
const MOST_CELLS = 4_096;
const SUMMARY_ROWS = 10;

/** The blocks of a sweep as a map that the keyboard and a screen reader can read, too. */
export function HeatMapSection({ sweep, onFailures }: { sweep: Sweep; onFailures: (start: number) => void }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [mode, setMode] = useState<HeatMapMode>("progress");
  const { identity, counts, name } = sweep;
  const cells = cellsFor(identity.total, identity.batchSize, width < NARROW.width ? NARROW.cells : MOST_CELLS);
  const { data: map, error } = useRequest<HeatMap>(
    width === 0 ? undefined : sweepPath(name, `/blocks?cells=${cells}`),
    { version: `${counts.present} ${counts.failed}` },
  );
  const choice = (
    <Choice
      label="Colors of the map"
      options={[
        { value: "progress", text: "Progress" },
        { value: "time", text: "Time per parameter" },
      ]}
      value={mode}
      onChange={setMode}
    />
  );
  return (
    <Section title="Parameters" side={choice}>
      <ErrorNotice error={error} />
      <div ref={frame} class="heat-map-frame">
        {width > 0 &&
          (map === undefined ? (
            // Keeps the place of the map, so that nothing jumps when it comes.
            <>
              <svg width={1} height={layOut(cells, width).rows * layOut(cells, width).pitch} aria-hidden="true" />
              <div class="heat-map-below">
                <p class="readout">Reading the map …</p>
              </div>
              {counts.failed > 0 && <FailureButtons />}
            </>
          ) : (
            <HeatMapCanvas map={map} mode={mode} width={width} name={name} onFailures={onFailures} />
          ))}
      </div>
      <details>
        <summary>The map as a table</summary>
        {map !== undefined && <SummaryTable map={map} />}
      </details>
    </Section>
  );
}

interface CanvasProps {
  readonly map: HeatMap;
  readonly mode: HeatMapMode;
  readonly width: number;
  readonly name: string;
  readonly onFailures: (start: number) => void;
}

function HeatMapCanvas({ map, mode, width, name, onFailures }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = usePalette();
  const [cursor, setCursor] = useState<number>();
  const [pointed, setPointed] = useState<number>();
  const cells = map.done.length;
  const layout = layOut(cells, width);
  const shown = pointed ?? cursor;
  useEffect(() => {
    if (canvas.current) drawHeatMap(canvas.current, map, layout, mode, palette, shown);
  });
  const current = Math.min(cursor ?? 0, cells - 1);
  const moveTo = (cell: number) => setCursor(Math.min(cells - 1, Math.max(0, cell)));
  const nextFailure = (step: 1 | -1) => {
    const from = cursor ?? -1;
    for (let cell = from + step; cell >= 0 && cell < cells; cell += step) {
      if ((map.failed[cell] ?? 0) > 0) return cell;
    }
    return undefined;
  };
  const cellAt = (event: PointerEvent | MouseEvent): number | undefined => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return undefined;
    const column = Math.floor((event.clientX - box.left) / layout.pitch);
    const cell = Math.floor((event.clientY - box.top) / layout.pitch) * layout.columns + column;
    return column < layout.columns && cell >= 0 && cell < cells ? cell : undefined;
  };
  const showFailures = (cell: number) => {
    if ((map.failed[cell] ?? 0) > 0) onFailures(stretchOf(map, cell).start);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Readonly<Record<string, number | undefined>> = {
      ArrowLeft: current - 1,
      ArrowRight: current + 1,
      ArrowUp: current - layout.columns,
      ArrowDown: current + layout.columns,
      PageUp: current - 10 * layout.columns,
      PageDown: current + 10 * layout.columns,
      Home: 0,
      End: cells - 1,
    };
    const next = moves[event.key];
    if (next !== undefined) moveTo(cursor === undefined ? (event.key === "End" ? next : 0) : next);
    else if (event.key === "Enter" && cursor !== undefined) showFailures(cursor);
    else return;
    event.preventDefault();
  };
  const sizes = { width: layout.columns * layout.pitch, height: layout.rows * layout.pitch };
  const [before, after] = [nextFailure(-1), nextFailure(1)];
  return (
    <>
      {/* A slider is the role whose arrow keys a screen reader leaves to the page, and whose value it reads after each. */}
      <canvas
        ref={canvas}
        class="heat-map"
        style={{ width: `${sizes.width}px`, height: `${sizes.height}px` }}
        role="slider"
        tabIndex={0}
        aria-label={`Map of the parameters of ${name}, ${formatCount(cells)} cells`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, cells - 1)}
        aria-valuenow={current}
        aria-valuetext={describeStretch(mergeCells(map, current, current + 1))}
        onKeyDown={onKeyDown}
        onFocus={() => cursor === undefined && canvas.current?.matches(":focus-visible") && setCursor(0)}
        onPointerMove={(event) => setPointed(cellAt(event))}
        onPointerLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const cell = cellAt(event);
          if (cell === undefined) return;
          setCursor(cell);
          showFailures(cell);
        }}
      />
      <div class="heat-map-below">
        <p class="readout">
          {shown === undefined
            ? `A cell is ${countNoun(map.cellSize, "parameter")}. Point at one, or press the arrow keys.`
            : describeStretch(mergeCells(map, shown, shown + 1))}
        </p>
        <Legend map={map} mode={mode} />
      </div>
      {map.failed.some((failed) => failed > 0) && (
        <FailureButtons
          onPrevious={before === undefined ? undefined : () => jump(before)}
          onNext={after === undefined ? undefined : () => jump(after)}
        />
      )}
    </>
  );
  function jump(cell: number) {
    setCursor(cell);
    showFailures(cell);
  }
}

/** A button without a function is disabled. */
function FailureButtons({
  onPrevious,
  onNext,
}: {
  onPrevious?: (() => void) | undefined;
  onNext?: (() => void) | undefined;
}) {
  return (
    <div class="actions">
      <button type="button" disabled={onPrevious === undefined} onClick={onPrevious}>
        Previous failure
      </button>
      <button type="button" disabled={onNext === undefined} onClick={onNext}>
        Next failure
      </button>
    </div>
  );
}

/** `Parameters 0 to 9,999: 9,997 done, 3 failed, 0 missing, 1.2 ms each`. */
function describeStretch({ start, count, done, failed, milliseconds }: Stretch): string {
  const name = count === 1 ? "Parameter" : "Parameters";
  const time = milliseconds === null ? "" : `, ${describeMilliseconds(milliseconds)} each`;
  return `${name} ${formatParameters(start, count)}: ${describeCounts(count, done, failed)}${time}`;
}

function describeCounts(count: number, done: number, failed: number): string {
  const parts = [`${formatCount(done - Math.min(done, failed))} done`];
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  if (count > done) parts.push(`${formatCount(count - done)} missing`);
  return parts.join(", ");
}

function describeMilliseconds(milliseconds: number): string {
  return describeSeconds(milliseconds / 1_000);
}

function Legend({ map, mode }: { map: HeatMap; mode: HeatMapMode }) {
  if (mode === "progress") {
    return (
      <ul class="legend">
        <li class="legend-done">done</li>
        <li class="legend-failed">failed</li>
        <li class="legend-pending">missing</li>
      </ul>
    );
  }
  const range = timeRange(map);
  if (range === undefined) return <p class="legend">No time is known yet</p>;
  return (
    <p class="legend">
      {describeMilliseconds(range.low)} <span class="ramp" /> {describeMilliseconds(range.high)}
    </p>
  );
}

function SummaryTable({ map }: { map: HeatMap }) {
  const cells = map.done.length;
  const rows = Math.min(SUMMARY_ROWS, cells);
  const bound = (row: number) => Math.round((row * cells) / rows);
  const stretches = Array.from({ length: rows }, (_, row) => mergeCells(map, bound(row), bound(row + 1)));
  return (
    <table class="numbers">
      <thead>
        <tr>
          <th scope="col">Parameters</th>
          <th scope="col">Done</th>
          <th scope="col">Failed</th>
          <th scope="col">Missing</th>
          <th scope="col">Time each</th>
        </tr>
      </thead>
      <tbody>
        {stretches.map(({ start, count, done, failed, milliseconds }) => (
          <tr key={start}>
            <th scope="row">{formatParameters(start, count)}</th>
            <td>{formatCount(done - Math.min(done, failed))}</td>
            <td>{formatCount(failed)}</td>
            <td>{formatCount(count - done)}</td>
            <td>{milliseconds === null ? "–" : describeMilliseconds(milliseconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
