import { createHash } from "node:crypto";
import type { Failure } from "../stores/store.ts";

/** 8 million parameters. */
const BYTES_AT_ONCE = 1 << 20;

/**
 * Bits by parameter: bit `i % 8` of byte `i / 8`, lowest first, is 1 where parameter `i` has a result. The bits of 10^10 parameters take
 * 1.25 GB, so that they are written piece by piece.
 */
export class PresentBits {
  readonly #total: number;
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #hash = createHash("sha256");
  readonly #piece = new Uint8Array(BYTES_AT_ONCE).fill(0xff);
  /** The first parameter of the piece. */
  #start = 0;

  constructor(total: number, write: (bytes: Uint8Array) => Promise<void>) {
    this.#total = total;
    this.#write = write;
  }

  /** @param failures sorted, and behind those of earlier calls. */
  async add(failures: readonly Failure[]): Promise<void> {
    for (const { parameter } of failures) {
      while (parameter >= this.#end) await this.#flush();
      const byte = Math.floor((parameter - this.#start) / 8);
      this.#piece[byte] = (this.#piece[byte] as number) & ~(1 << (parameter % 8));
    }
  }

  /** @returns the SHA-256 of all bits. */
  async finish(): Promise<string> {
    while (this.#start < this.#total) await this.#flush();
    return this.#hash.digest("hex");
  }

  get #end(): number {
    return this.#start + BYTES_AT_ONCE * 8;
  }

  async #flush(): Promise<void> {
    const bits = Math.min(BYTES_AT_ONCE * 8, this.#total - this.#start);
    const bytes = this.#piece.subarray(0, Math.ceil(bits / 8));
    if (bits % 8 !== 0) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) & ((1 << (bits % 8)) - 1);
    this.#hash.update(bytes);
    await this.#write(bytes);
    this.#piece.fill(0xff);
    this.#start = this.#end;
  }
}
