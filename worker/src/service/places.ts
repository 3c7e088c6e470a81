import { sweepPlace } from "../api/sweep-place.ts";
import { NotFoundError } from "../monitoring/index.ts";

/** The place of a sweep's results. @throws NotFoundError if no sweep can have the name. */
export function placeOf(resultsRoot: string, name: string): string {
  const place = sweepPlace(resultsRoot, name);
  if (place === undefined) throw new NotFoundError(`${name} is no name of a sweep: GET /api/sweeps lists them`);
  return place;
}
