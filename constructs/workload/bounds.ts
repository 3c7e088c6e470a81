import { Token } from "cdktf";
import { type Problem, show } from "../support/problems.ts";

/** A whole number that must lie between two others. */
export interface Bounds {
  /** Where it stands. */
  readonly path: string;
  /** Undefined where it may be left out. */
  readonly value: number | undefined;
  readonly least: number;
  readonly most: number;
  /**
   * For example `MiB`.
   * @default - none
   */
  readonly unit?: string;
  /** Whose limit {@link most} is: `is more than <mostOf>`. */
  readonly mostOf: string;
  /**
   * Whose limit {@link least} is: `is less than <leastOf>`.
   * @default - the number is then no count
   */
  readonly leastOf?: string;
  /** What to change, in the imperative. */
  readonly fix: string;
}

/** What is wrong with a number that must be known at synth, and lie within bounds. */
export function boundsProblems({ path, value, least, most, unit, mostOf, leastOf, fix }: Bounds): Problem[] {
  if (value === undefined) return [];
  const range = `a whole number from ${least.toLocaleString("en")} to ${most.toLocaleString("en")}`;
  const allowed = unit === undefined ? range : `${range} ${unit}`;
  const problem = (what: string, got = show(value)): Problem[] => [{ path: [path], what, got, allowed, fix }];
  if (Token.isUnresolved(value)) return problem("is known only when Terraform runs", "a token");
  if (Number.isInteger(value) && value > most) return problem(`is more than ${mostOf}`);
  if (Number.isInteger(value) && value < least && leastOf !== undefined) return problem(`is less than ${leastOf}`);
  return Number.isInteger(value) && value >= least ? [] : problem("is not a count");
}
