/**
 * The bytes of an unfinished control sequence or character at the end of a stream (ECMA-48 §5; UTF-8, RFC 3629). A
 * serialised screen does not contain them, so whoever is given the screen in the middle of a sequence has to get these
 * bytes after it; otherwise the sequence's second half would show up as text.
 */

/** A sequence longer than this is given up: its beginning is no longer kept. Fits into one frame. */
export const MAX_TAIL_BYTES = 32 * 1024;

const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const DEL = 0x7f;

/** `command` is OSC, the one string that BEL ends as well. */
type State = "ground" | "escape" | "control" | "command" | "string";

/** The bytes after ESC that open a control sequence (CSI), or a string: DCS, SOS, OSC, PM, APC. */
const OPENERS: ReadonlyMap<number, State> = new Map<number, State>([
  [0x5b, "control"],
  [0x50, "string"],
  [0x58, "string"],
  [0x5d, "command"],
  [0x5e, "string"],
  [0x5f, "string"],
]);

export class SequenceTail {
  #tail: number[] = [];
  #state: State = "ground";
  /** How many bytes of a UTF-8 character are still to come. */
  #continuation = 0;

  /** Takes the next bytes of the stream. */
  push(chunk: Uint8Array): void {
    for (const byte of chunk) this.#step(byte);
  }

  /** What has begun and not ended. */
  bytes(): Uint8Array {
    return Uint8Array.from(this.#tail);
  }

  #step(byte: number): void {
    if (byte === CAN || byte === SUB) this.#finish();
    else if (byte === ESC) this.#escape();
    else this.#in[this.#state](byte);
  }

  /** What a byte that is no ESC, CAN or SUB means in each state. */
  readonly #in: Readonly<Record<State, (byte: number) => void>> = {
    ground: (byte) => this.#text(byte),
    escape: (byte) => this.#afterEscape(byte),
    control: (byte) => this.#inSequence(byte, byte >= 0x40 && byte <= 0x7e),
    command: (byte) => (byte === BEL ? this.#finish() : this.#keep(byte)),
    string: (byte) => this.#keep(byte),
  };

  /** Begins a sequence, wherever it comes; a string has ended with it, and been acted upon. */
  #escape(): void {
    this.#tail = [ESC];
    this.#continuation = 0;
    this.#state = "escape";
  }

  #afterEscape(byte: number): void {
    const opened = OPENERS.get(byte);
    // Intermediate bytes (ESC ( B selects a character set) go on until a final byte.
    this.#inSequence(byte, opened === undefined && byte > 0x2f);
    if (opened !== undefined) this.#state = opened;
  }

  /** Control characters inside a sequence act at once and are not part of it; DEL is nothing. */
  #inSequence(byte: number, isLast: boolean): void {
    if (byte < 0x20 || byte === DEL) return;
    if (isLast) this.#finish();
    else this.#keep(byte);
  }

  #text(byte: number): void {
    if (this.#continuation > 0 && (byte & 0xc0) === 0x80) {
      this.#continuation -= 1;
      if (this.#continuation === 0) this.#tail = [];
      else this.#keep(byte);
      return;
    }
    this.#tail = [];
    this.#continuation = continuationBytes(byte);
    if (this.#continuation > 0) this.#keep(byte);
  }

  #keep(byte: number): void {
    if (this.#tail.length >= MAX_TAIL_BYTES) this.#finish();
    else this.#tail.push(byte);
  }

  #finish(): void {
    this.#tail = [];
    this.#state = "ground";
    this.#continuation = 0;
  }
}

function continuationBytes(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}
