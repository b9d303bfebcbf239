/**
 * What the browser keeps between visits (Web Storage). Where it may keep nothing (private windows, full disks) the app
 * works on without a memory.
 */

/**
 * What was kept under a key.
 */
export function readStored(key: string): string | undefined {
  try {
    return localStorage.getItem(`ringside.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps a text under a key; `undefined` forgets it.
 */
export function writeStored(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`ringside.${key}`);
    else localStorage.setItem(`ringside.${key}`, value);
  } catch {
    // Nothing can be kept, and nothing on the page depends on it.
  }
}
