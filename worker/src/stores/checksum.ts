import xxhash from "xxhash-wasm";

let loading: ReturnType<typeof xxhash> | undefined;

/** The functions of one WebAssembly module, because to compile it takes a millisecond. */
function loadXxhash(): ReturnType<typeof xxhash> {
  loading ??= xxhash();
  return loading;
}

/** The checksum of a block: 16 hexadecimal digits. */
export type Checksum = (start: number, columns: readonly Float64Array[]) => string;

/**
 * XXH64 over a block's columns, one after the other, seeded with its first parameter, so that correct values at another block's
 * place do not match. It detects damage, not malice.
 *
 * It costs 1 ns a parameter and column, a third of Node.js's own CRC-32. Stored checksums must stay valid:
 * test/worker/pinned-values.test.ts pins them, and a change needs a new RESULTS_FORMAT.
 *
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
export async function createChecksum(): Promise<Checksum> {
  const { h64Raw } = await loadXxhash();
  return (start, columns) => {
    let hash = BigInt(start);
    for (const column of columns) hash = h64Raw(bytesOf(column), hash);
    return hash.toString(16).padStart(16, "0");
  };
}

/** XXH64 of a text, as 16 hexadecimal digits. */
export async function createTextChecksum(): Promise<(text: string) => string> {
  const { h64ToString } = await loadXxhash();
  return (text) => h64ToString(text);
}

/** The bytes of values, without copying. */
export function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
