/** The keys that leave a container's terminal without ending it: Ctrl-P Ctrl-Q unless others are given. docker-attach(1). */
import { RingsideError } from "../error.ts";

export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** Ctrl-@ is 0, Ctrl-A 1 … Ctrl-_ 31 (ascii(7)). */
const CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/**
 * Parses `ctrl-p,ctrl-q`, `x`, `ctrl-x,x`; an empty text means none.
 * @returns the bytes, in order
 * @throws RingsideError for anything else
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === "") return new Uint8Array();
  return Uint8Array.from(text.split(","), (key) => {
    const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    const byte = control === undefined ? -1 : CONTROL.indexOf(control);
    if (byte >= 0) return byte;
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw new RingsideError(`${JSON.stringify(key)} is no key to detach with`, {
      fix: "write --detach-keys ctrl-p,ctrl-q, or a single letter such as x",
    });
  });
}

/** Finds the keys in what is typed. What may be their beginning is held back until the next key tells. */
export class DetachKeys {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** @returns what is to be passed on, and whether all of the keys have been typed */
  type(data: Uint8Array): { readonly pass: Uint8Array; readonly isDetached: boolean } {
    if (this.#keys.length === 0) return { pass: data, isDetached: false };
    const pass: number[] = [];
    for (const byte of data) {
      if (byte !== this.#keys[this.#matched]) {
        pass.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) this.#matched++;
      else pass.push(byte);
      if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(pass), isDetached: true };
    }
    return { pass: Uint8Array.from(pass), isDetached: false };
  }
}
