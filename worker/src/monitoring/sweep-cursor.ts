import { NotFoundError } from "./not-found.ts";
import { type FoundSweep, newestFirst } from "./sweep-folders.ts";

/** Where the next page of a list begins. It is right also if sweeps come and go meanwhile. */
export function cursorOf({ name, createdAt }: FoundSweep): string {
  return `${createdAt}@${name}`;
}

/** @returns whether a sweep comes behind the last one of a page. @throws NotFoundError if the text is no cursor. */
export function isBehind(cursor: string): (sweep: FoundSweep) => boolean {
  const [, createdAt, name] = /^(\d+(?:\.\d+)?)@(.+)$/.exec(cursor) ?? [];
  if (createdAt === undefined || name === undefined) {
    throw new NotFoundError(
      `${JSON.stringify(cursor)} is no end of a page: begin with the first page, or use its "next"`,
    );
  }
  const last = { name, createdAt: Number(createdAt) };
  return (sweep) => newestFirst(last, sweep) < 0;
}
