import { createHash } from "node:crypto";
import type { Failure } from "../stores/store.ts";

/** 16 million parameters. */
const BYTES_AT_ONCE = 1 << 21;

/**
 * Bits by parameter: bit `i % 8` of byte `i / 8`, lowest first, is 1 where parameter `i` has a result. The bits of 10^10 parameters take
 * 1.25 GB, so that they are written piece by piece.
 */
export class PresentBits {
  readonly #total: number;
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #hash = createHash("sha256");
  #piece: Uint8Array;
  /** The first parameter of the piece. */
  #start = 0;

  constructor(total: number, write: (bytes: Uint8Array) => Promise<void>) {
    this.#total = total;
    this.#write = write;
    this.#piece = this.#newPiece();
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

  #newPiece(): Uint8Array {
    return new Uint8Array(Math.ceil(Math.min(BYTES_AT_ONCE * 8, this.#total - this.#start) / 8)).fill(0xff);
  }

  async #flush(): Promise<void> {
    const bytes = this.#piece;
    const rest = (this.#total - this.#start) % 8;
    if (this.#end > this.#total && rest !== 0)
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) & ((1 << rest) - 1);
    this.#hash.update(bytes);
    await this.#write(bytes);
    this.#start = Math.min(this.#end, this.#total);
    // The report keeps the piece until it is written.
    this.#piece = this.#newPiece();
  }
}
