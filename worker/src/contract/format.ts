/** `10,000,000`. Node.js' own formatter takes 14 ms to load, which a worker would pay at every start. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `45 s`, `3 min 20 s`, `5 h 12 min`, `3 d 4 h`. */
export function describeSeconds(seconds: number): string {
  const units = [
    { name: "d", seconds: 86_400 },
    { name: "h", seconds: 3_600 },
    { name: "min", seconds: 60 },
    { name: "s", seconds: 1 },
  ];
  const whole = Math.ceil(seconds);
  const first = units.findIndex((unit) => whole >= unit.seconds);
  if (first === -1) return "0 s";
  const [large, small] = [units[first], units[first + 1]];
  if (large === undefined) return "0 s";
  const rest = small === undefined ? 0 : Math.floor((whole % large.seconds) / small.seconds);
  const text = `${Math.floor(whole / large.seconds)} ${large.name}`;
  return small === undefined || rest === 0 ? text : `${text} ${rest} ${small.name}`;
}
