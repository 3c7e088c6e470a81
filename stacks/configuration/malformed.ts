import type { Problem } from "../../constructs/support/problems.ts";

/** The places of values with a wrong shape, seen from one part of what a user wrote. */
export class Malformed {
  constructor(private readonly paths: readonly (readonly PropertyKey[])[]) {}

  /** Whether this part itself is malformed or missing. */
  get whole(): boolean {
    return this.paths.some((path) => path.length === 0);
  }

  /** Whether this part, or anything inside it, is malformed or missing. */
  get any(): boolean {
    return this.paths.length > 0;
  }

  /** The places seen from a part of this part. All of it is malformed when this part is. */
  in(...keys: readonly PropertyKey[]): Malformed {
    const [key, ...others] = keys;
    if (key === undefined) return this;
    const inside = this.paths.flatMap((path) => (path.length === 0 ? [path] : path[0] === key ? [path.slice(1)] : []));
    return new Malformed(inside).in(...others);
  }

  /** Without problems of malformed values: they are reported already, and stand-ins were checked in their place. */
  without(problems: readonly Problem[]): Problem[] {
    return problems.filter(({ path }) => !this.in(...path).whole);
  }

  /** Without problems of values that are malformed or contain something malformed. */
  untouched(problems: readonly Problem[]): Problem[] {
    return problems.filter(({ path }) => !this.in(...path).any);
  }
}
