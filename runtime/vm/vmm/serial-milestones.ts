/**
 * Where a monitor has no debug console, the guest's init sends its milestones over the serial line as well, at moments
 * when no program is writing. This takes them out of what the line carries: from the nonce of this start to the end of
 * the line. A program does not know the nonce.
 */
const NEWLINE = 0x0a;

/** Nothing of ours is longer: `report` in native/guest. */
const LONGEST_LINE_BYTES = 512;

export class SerialSplitter {
  readonly #nonce: Buffer;
  readonly #onConsole: (chunk: Uint8Array) => void;
  readonly #onMilestone: (line: Uint8Array) => void;
  #pending = Buffer.alloc(0);

  /**
   * @param onConsole gets what the program and the kernel have printed
   * @param onMilestone gets whole lines, with their end
   */
  constructor(nonce: string, onConsole: (chunk: Uint8Array) => void, onMilestone: (line: Uint8Array) => void) {
    this.#nonce = Buffer.from(nonce);
    this.#onConsole = onConsole;
    this.#onMilestone = onMilestone;
  }

  push(chunk: Uint8Array): void {
    let rest = Buffer.concat([this.#pending, chunk]);
    for (let start = rest.indexOf(this.#nonce); start >= 0; start = rest.indexOf(this.#nonce)) {
      this.#print(rest.subarray(0, start));
      rest = rest.subarray(start);
      const end = rest.indexOf(NEWLINE);
      if (end < 0 && rest.length <= LONGEST_LINE_BYTES) break;
      const length = end < 0 ? rest.length : end + 1;
      this.#onMilestone(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    const kept = rest.indexOf(this.#nonce) === 0 ? rest.length : this.#beginning(rest);
    this.#print(rest.subarray(0, rest.length - kept));
    this.#pending = Buffer.from(rest.subarray(rest.length - kept));
  }

  /** Nothing more comes: what looked like the beginning of a milestone was none. */
  end(): void {
    this.#print(this.#pending);
    this.#pending = Buffer.alloc(0);
  }

  /** How many of the last bytes may be the beginning of the nonce. */
  #beginning(bytes: Buffer): number {
    for (let length = Math.min(this.#nonce.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#nonce.subarray(0, length))) return length;
    }
    return 0;
  }

  #print(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#onConsole(chunk);
  }
}
