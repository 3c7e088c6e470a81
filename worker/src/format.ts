/** `10,000,000`. Node.js' own formatter takes 14 ms to load, which a worker would pay at every start. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
