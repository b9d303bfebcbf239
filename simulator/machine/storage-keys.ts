/**
 * z/Architecture's storage keys: seven bits for every 4 KiB frame, beside the storage itself (SA22-7832, "Storage Key";
 * SDL-Hercules inline.h). Four access-control bits, fetch protection, reference and change. Who may read and write by
 * them is decided in zos/protection.ts; here is what the hardware keeps, and what SSKE, ISKE and RRBE do with it.
 */

export interface FrameKey {
  /** Access-control bits, 0 to 15. */
  readonly access: number;
  /** F: the key holds for fetching too. */
  readonly fetchProtected: boolean;
  /** R and C: the frame was used, it was stored into. The processor sets them, and never resets them. */
  readonly referenced: boolean;
  readonly changed: boolean;
}

const FETCH = 0x08;
const REFERENCE = 0x04;
const CHANGE = 0x02;

export class StorageKeys {
  /** As ISKE gives it: access 4 bits, F, R, C, and a bit that is 0. */
  readonly #keys: Uint8Array;

  constructor(frames: number) {
    this.#keys = new Uint8Array(frames);
  }

  /** INSERT STORAGE KEY EXTENDED. @returns the key of a frame */
  insert(frame: number): FrameKey {
    const byte = this.#byte(frame);
    return {
      access: byte >> 4,
      fetchProtected: (byte & FETCH) !== 0,
      referenced: (byte & REFERENCE) !== 0,
      changed: (byte & CHANGE) !== 0,
    };
  }

  /** SET STORAGE KEY EXTENDED: all seven bits, reference and change too. */
  set(frame: number, { access, fetchProtected, referenced, changed }: FrameKey): void {
    this.#byte(frame);
    if (!Number.isInteger(access) || access < 0 || access > 15)
      throw new RangeError(`there is no storage key ${access}`);
    this.#keys[frame] =
      access * 16 + (fetchProtected ? FETCH : 0) + (referenced ? REFERENCE : 0) + (changed ? CHANGE : 0);
  }

  /** The processor has used a frame: reference recording, and change recording for a store. */
  record(frame: number, kind: "fetch" | "store"): void {
    this.#keys[frame] = this.#byte(frame) | REFERENCE | (kind === "store" ? CHANGE : 0);
  }

  /**
   * RESET REFERENCE BIT EXTENDED: how a system finds out which frames are not in use.
   * @returns the condition code: 0 to 3 for R and C as they were, R the left bit
   */
  resetReference(frame: number): number {
    const byte = this.#byte(frame);
    this.#keys[frame] = byte & ~REFERENCE;
    return (byte & (REFERENCE | CHANGE)) >> 1;
  }

  #byte(frame: number): number {
    const byte = this.#keys[frame];
    if (byte === undefined) throw new RangeError(`there is no frame ${frame} of ${this.#keys.length}`);
    return byte;
  }
}
