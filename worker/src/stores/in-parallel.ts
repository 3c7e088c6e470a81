/**
 * Runs `work` for all items, so many at a time.
 *
 * @throws the first error, after the items under way are finished. No further item is begun.
 */
export async function inParallel<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items].reverse();
  const errors: unknown[] = [];
  const lane = async () => {
    for (let item = waiting.pop(); item !== undefined && errors.length === 0; item = waiting.pop()) {
      await work(item).catch((error) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
}
