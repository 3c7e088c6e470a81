import { piecesOf } from "../parameters/splitting.ts";
import { type QueueMessage, type RangeMessage, rangeMessage } from "../queue/messages.ts";

/**
 * Pieces of a range with which somebody died, by the number of deaths before. Most deaths are those of machines, for which the first one
 * changes nothing; six find the parameter among a million that ends its executor.
 */
const PIECES_OF_A_SUSPECT = [1, 8, 8, 100] as const;
/** A parameter is given up after so many deaths: three of them while it was alone in its executor. */
const GIVEN_UP_AFTER_DEATHS = 4;

/** The messages that take the place of one with which somebody died. */
export function afterDeath({ run, start, count, deaths = 0 }: RangeMessage): RangeMessage[] {
  const most = PIECES_OF_A_SUSPECT[deaths] ?? PIECES_OF_A_SUSPECT[3];
  return piecesOf([{ start, count }], Math.min(count, most)).map((range) => ({
    ...rangeMessage(run, range),
    // The deaths of a parameter are counted again when it is alone.
    deaths: range.count === 1 && count > 1 ? 1 : deaths + 1,
  }));
}

/** Whether a message is a single parameter with which somebody died: no other slot may work beside it. */
export function mustBeAlone(message: QueueMessage): boolean {
  return message.format === "sweep-range/1" && message.count === 1 && message.deaths !== undefined;
}

/** Whether a message is a parameter that has failed, because it has ended its executor each time. */
export function isGivenUp({ count, deaths = 0 }: RangeMessage): boolean {
  return count === 1 && deaths >= GIVEN_UP_AFTER_DEATHS;
}
