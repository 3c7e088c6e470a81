import type { StoragePrices } from "./environment.ts";
import type { ExecutorsFacts } from "./executors.ts";

/**
 * When KEDA and Kubernetes see a change of the queue, in seconds. KEDA looks every 15 s whether there is a message at all, and
 * Kubernetes asks for the number of executors every 15 s. The last executor ends 60 s after the last message.
 */
export const queueTimeline = { pollSeconds: 15, scaleSeconds: 15, cooldownSeconds: 60 } as const;

/** Requests of a message: an executor receives it, sends what is left, deletes it, and renews its lease beside those of other slots. */
const REQUESTS_WITHOUT_RENEWALS = 3;
const RENEWED_EVERY_SECONDS = 20;
/** An executor reads identity and settings of a message's run, and lists what is missing of the range; at its end, what is of the run. */
const LISTS_OF_A_MESSAGE = 2;
const GETS_OF_A_MESSAGE = 2;
/** Messages that a slot works on in the time of a slice: the rest of a range is divided into pieces of half a slice. */
export const MESSAGES_OF_A_SLICE = 2;

/** US dollars for the requests of one message. */
export function messageUsd(
  { slots, sliceSeconds }: Pick<ExecutorsFacts, "slots" | "sliceSeconds">,
  { usdPerThousandPuts, usdPerThousandGets, usdPerMillionQueueRequests }: StoragePrices,
): number {
  const secondsOfAMessage = sliceSeconds / MESSAGES_OF_A_SLICE;
  const requests = REQUESTS_WITHOUT_RENEWALS + secondsOfAMessage / RENEWED_EVERY_SECONDS / slots;
  return (
    (requests * usdPerMillionQueueRequests) / 1_000_000 +
    // Listing costs as much as storing.
    (LISTS_OF_A_MESSAGE * usdPerThousandPuts + GETS_OF_A_MESSAGE * usdPerThousandGets) / 1000
  );
}
