import { array, assert, asyncProperty, integer, record } from "fast-check";
import { shareOf } from "../../worker/src/parameters/partition.ts";
import { countOf, overlaps, type Range, RangeCollector, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { resolveStream } from "../../worker/src/stores/resolution.ts";
import { BlockListing, keyOf, type ListObjects } from "../../worker/src/stores/s3-blocks.ts";
import { type ListedObject, type ListPage, parseFolderPage, parseListPage } from "../../worker/src/stores/s3-list.ts";

/** A bucket that counts requests and keys. */
function bucketOf(keysBehind: (after: string, limit: number) => ListPage) {
  const cost = { requests: 0, keys: 0, inFlight: 0, mostInFlight: 0 };
  const list: ListObjects = async (_, after, limit) => {
    cost.mostInFlight = Math.max(cost.mostInFlight, ++cost.inFlight);
    cost.requests++;
    await Promise.resolve();
    const page = keysBehind(after, limit);
    cost.keys += page.objects.length;
    cost.inFlight--;
    return page;
  };
  return { list, cost };
}

/** Objects that no worker wrote. */
const FOREIGN = [
  "blocks/",
  "blocks/0000000000000000-0.block",
  "blocks/0000000000000030-5.block.copy",
  ...Array.from({ length: 12 }, (_, index) => `blocks/0000000000000200-${index}.txt`),
  "blocks/readme",
];

/** A bucket with these blocks, which answers with at most `pageSize` keys. */
function smallBucket(blocks: readonly Range[], pageSize = 1_000) {
  const keys = [...new Set([...FOREIGN, ...blocks.map(keyOf)])].sort();
  return bucketOf((after, limit) => {
    const behind = keys.filter((key) => key > after);
    const objects = behind.slice(0, Math.min(pageSize, limit)).map((key): ListedObject => ({ key, size: 1 }));
    return { objects, isTruncated: objects.length < behind.length };
  });
}

/** A bucket where all blocks of a run are committed, computed from the request. */
function fullBucket(blocks: number, batchSize: number) {
  return bucketOf((after, limit) => {
    const [, start, suffix] = /(\d{16})(-\d+\.block)?$/.exec(after) ?? [];
    const first = Math.ceil(Number(start ?? 0) / batchSize) + (suffix === undefined ? 0 : 1);
    const last = Math.min(blocks, first + limit);
    const objects = Array.from({ length: Math.max(0, last - first) }, (_, index) => ({
      key: keyOf({ start: (first + index) * batchSize, count: batchSize }),
      size: 1,
    }));
    return { objects, isTruncated: last < blocks };
  });
}

async function startsFound(listing: BlockListing, wanted: readonly Range[]) {
  const found = new RangeCollector();
  for (const lane of listing.lanesOf(wanted)) {
    for await (const block of listing.blocksOf(lane)) if (overlaps(wanted, block)) found.add(block);
  }
  return found.ranges();
}

const BATCH = 20;
const ranges = (longest: number) =>
  array(record({ start: integer({ min: 0, max: 600 }), count: integer({ min: 1, max: longest }) }), {
    maxLength: 60,
    size: "max",
  });

test("a listing finds all blocks that hold a wanted parameter, also those that start before it, once and in order", async () => {
  const property = asyncProperty(
    ranges(BATCH),
    ranges(90),
    integer({ min: 1, max: 9 }),
    async (blocks, some, pageSize) => {
      const wanted = union(some);
      const { list } = smallBucket(blocks, pageSize);
      const listing = new BlockListing(list, BATCH);
      const found: Range[] = [];
      for await (const { start, count } of listing.blocksOf(wanted)) found.push({ start, count });
      expect(found.map(keyOf)).toEqual([...new Set(found.map(keyOf))].sort());
      const needed = blocks.filter((block) => overlaps(wanted, block)).map(keyOf);
      expect(found.map(keyOf)).toEqual(expect.arrayContaining(needed));
    },
  );
  await assert(property, { numRuns: 60 });
});

test("the same block counts for a parameter, whatever range is listed", async () => {
  /** The block that counts for each parameter of a range. */
  const countedIn = async (listing: BlockListing, range: Range) => {
    const counted: [parameter: number, key: string][] = [];
    for await (const { start, count, record: block } of resolveStream(listing.blocksOf([range]))) {
      for (let parameter = start; parameter < start + count; parameter++) {
        if (overlaps([range], { start: parameter, count: 1 })) counted.push([parameter, keyOf(block)]);
      }
    }
    return counted;
  };
  const property = asyncProperty(ranges(BATCH), ranges(90), async (blocks, parts) => {
    const { list } = smallBucket(blocks, 5);
    const listing = new BlockListing(list, BATCH);
    const all = await countedIn(listing, { start: 0, count: 700 });
    expect(all.map(([parameter]) => parameter)).toEqual(
      union(blocks).flatMap(({ start, count }) => Array.from({ length: count }, (_, index) => start + index)),
    );
    for (const range of parts.slice(0, 3)) {
      const expected = all.filter(([parameter]) => overlaps([range], { start: parameter, count: 1 }));
      expect(await countedIn(listing, range)).toEqual(expected);
    }
  });
  await assert(property, { numRuns: 30 });
});

test("lanes hold each wanted parameter once, and find the same blocks", async () => {
  const property = asyncProperty(ranges(BATCH), ranges(300), async (blocks, some) => {
    const wanted = union(some);
    const listing = new BlockListing(smallBucket(blocks).list, 1);
    const lanes = listing.lanesOf(wanted);
    expect(union(lanes.flat())).toEqual(wanted);
    expect(countOf(lanes.flat())).toBe(countOf(wanted));
    const expected = union(blocks.filter((block) => overlaps(wanted, block)));
    expect(await startsFound(new BlockListing(smallBucket(blocks).list, BATCH), wanted)).toEqual(expected);
  });
  await assert(property, { numRuns: 40 });
});

describe("in a bucket of 95,000 blocks", () => {
  const BLOCKS = 95_000;
  const batchSize = 1_000;
  const run = { totalParameters: BLOCKS * batchSize, batchSize, seed: 1 };

  test.each([
    ["contiguous", 50, 4, 2_500],
    // The blocks of 49 others lie between two own ones: it is cheaper to read them than to ask for each own block.
    ["block-cyclic", 50, 105, 97_000],
    ["contiguous", 1_000, 2, 200],
    // One request for each own block: the large gaps, on average of 999 blocks, are skipped.
    ["block-cyclic", 1_000, 100, 3_000],
  ] as const)(
    "a %s share of %d workers takes at most %d requests and %d keys",
    async (partition, workers, requests, keys) => {
      const share = union(shareOf(7, { ...run, totalWorkers: workers, partition }));
      const { list, cost } = fullBucket(BLOCKS, batchSize);
      expect(subtract(share, await startsFound(new BlockListing(list, batchSize), share))).toEqual([]);
      expect(cost.requests).toBeLessThanOrEqual(requests);
      expect(cost.keys).toBeLessThanOrEqual(keys);
    },
  );

  test("a share of which nothing is committed takes a request a lane", async () => {
    const share = union(shareOf(7, { ...run, totalWorkers: 50, partition: "block-cyclic" }));
    const { list, cost } = smallBucket([]);
    expect(await startsFound(new BlockListing(list, batchSize), share)).toEqual([]);
    expect(cost.requests).toBeLessThanOrEqual(8);
  });
});

test("a small run takes one request", async () => {
  const { list, cost } = fullBucket(1_000, 10);
  expect(await startsFound(new BlockListing(list, 10), [{ start: 0, count: 10_000 }])).toEqual([
    { start: 0, count: 10_000 },
  ]);
  expect(cost.requests).toBeLessThanOrEqual(2);
});

test("a bucket that does not sort its keys is refused, because blocks would be missed", async () => {
  const objects = [20, 10].map((start) => ({ key: keyOf({ start, count: 10 }), size: 1 }));
  const listing = new BlockListing(async () => ({ objects, isTruncated: false }), 10);
  await expect(startsFound(listing, [{ start: 0, count: 100 }])).rejects.toThrow(
    "the bucket does not list keys in order (blocks/0000000000000010-10.block after blocks/0000000000000020-10.block): " +
      "use a general purpose bucket",
  );
});

test("a page of a listing is read, whatever the order of its fields, with escaped keys", () => {
  const xml =
    '<?xml version="1.0"?>\n<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated>' +
    "<Contents><Key>a&amp;b/&lt;&#x31;&#50;</Key><ETag>&quot;x&quot;</ETag><Size>80</Size></Contents>" +
    "<Contents><LastModified>2026-11-22T10:00:01.000Z</LastModified><Size>7</Size><Key>c</Key></Contents><Contents><Key>d</Key></Contents></ListBucketResult>";
  expect(parseListPage(xml)).toEqual({
    objects: [
      { key: "a&b/<12", size: 80 },
      { key: "c", size: 7, modifiedAt: Date.UTC(2026, 10, 22, 10, 0, 1) },
      { key: "d", size: undefined },
    ],
    isTruncated: true,
  });
  const undated = xml.replaceAll(/<LastModified>[^<]*/g, "<LastModified>yesterday");
  for (const { modifiedAt } of parseListPage(undated)?.objects ?? []) expect(modifiedAt).toBeUndefined();
  expect(parseListPage("<Error><Code>SlowDown</Code></Error>")).toBeUndefined();
});

test("a page of folders has their names, and tells where the next one begins", () => {
  const xml =
    "<ListBucketResult><Prefix>a&amp;b/</Prefix><IsTruncated>true</IsTruncated><NextContinuationToken>x&amp;y=</NextContinuationToken>" +
    "<Contents><Key>a&amp;b/file</Key><Size>7</Size></Contents>" +
    "<CommonPrefixes><Prefix>a&amp;b/one/</Prefix></CommonPrefixes><CommonPrefixes>\n<Prefix>a&amp;b/two/</Prefix></CommonPrefixes></ListBucketResult>";
  expect(parseFolderPage(xml)).toEqual({ keys: ["a&b/file", "a&b/one/", "a&b/two/"], next: "x&y=" });
  expect(parseFolderPage("<Error><Code>SlowDown</Code></Error>")).toBeUndefined();
});
