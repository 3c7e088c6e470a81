/** `10,000,000`. Node.js' own formatter takes 14 ms to load, which a worker would pay at every start. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 message`, `2,000 messages`. */
export function countNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `1 parameter is`, `2,000 parameters are`. */
export function countAre(count: number, noun: string): string {
  return `${countNoun(count, noun)} ${count === 1 ? "is" : "are"}`;
}

/** `the only parameter`, `all 4 parameters`. */
export function allOf(count: number, noun: string): string {
  return count === 1 ? `the only ${noun}` : `all ${countNoun(count, noun)}`;
}

const LARGE_UNITS = [
  { name: "d", seconds: 86_400 },
  { name: "h", seconds: 3_600 },
  { name: "min", seconds: 60 },
  { name: "s", seconds: 1 },
] as const;

/** `1,790 ns`, `12.5 ms`, `3.25 s` and `45 s`; from a minute on `3 min 20 s`, `5 h 12 min`, `3 d 4 h`. */
export function describeSeconds(seconds: number): string {
  if (Number(seconds.toPrecision(3)) < 60) {
    if (seconds <= 0) return "0 s";
    const [factor, unit] = seconds < 1e-4 ? ([1e9, "ns"] as const) : seconds < 1 ? ([1e3, "ms"] as const) : [1, "s"];
    return `${formatCount(Number((seconds * factor).toPrecision(3)))} ${unit}`;
  }
  const whole = Math.ceil(seconds);
  const first = LARGE_UNITS.findIndex((unit) => whole >= unit.seconds);
  const [large, small] = [LARGE_UNITS[first], LARGE_UNITS[first + 1]];
  if (large === undefined || small === undefined) return `${whole} s`;
  const rest = Math.floor((whole % large.seconds) / small.seconds);
  const text = `${Math.floor(whole / large.seconds)} ${large.name}`;
  return rest === 0 ? text : `${text} ${rest} ${small.name}`;
}

/** A word of a command line that can be pasted. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
