/**
 * Key-controlled and low-address protection as pure functions (SDL-Hercules inline.h; z/Architecture Principles of
 * Operation, "Protection"). Each 4 KiB frame has a key byte: access key, fetch protection, reference, change.
 */

export interface StorageKey {
  /** 0 to 15. */
  readonly access: number;
  readonly fetchProtected: boolean;
}

/** What of control register 0 takes part. */
export interface ProtectionControl {
  /** Low-address protection. */
  readonly lowAddress: boolean;
  /** Fetch protection does not hold for the first 2 KiB. */
  readonly fetchOverride: boolean;
  /** Key 9 is open to everybody (storage-protection override). */
  readonly storageOverride: boolean;
}

export const Z_OS_PROTECTION: ProtectionControl = { lowAddress: true, fetchOverride: false, storageOverride: false };

const FETCH_OVERRIDE_BYTES = 2048;
const OPEN_KEY = 9;

/** @returns whether the instruction may not read there. */
export function fetchProtected(
  address: number,
  storage: StorageKey,
  accessKey: number,
  control: ProtectionControl,
): boolean {
  if (accessKey === 0 || accessKey === storage.access || !storage.fetchProtected) return false;
  if (control.fetchOverride && address < FETCH_OVERRIDE_BYTES) return false;
  return !(control.storageOverride && storage.access === OPEN_KEY);
}

/**
 * The areas that hold the PSWs of interruptions are closed even to key 0: 0-511, and 4096-4607 in z/Architecture.
 * @param twoAreas whether the prefix area has 8 KiB
 */
export function lowAddressProtected(address: number, twoAreas: boolean, control: ProtectionControl): boolean {
  if (!control.lowAddress) return false;
  return address < 512 || (twoAreas && address >= 4096 && address < 4608);
}

export interface StoreTarget {
  readonly address: number;
  readonly storage: StorageKey;
  /** The page table's protection bit, which holds for key 0 too. */
  readonly pageProtected: boolean;
  readonly twoLowAreas: boolean;
}

/** @returns whether the instruction may not write there. */
export function storeProtected(target: StoreTarget, accessKey: number, control: ProtectionControl): boolean {
  if (lowAddressProtected(target.address, target.twoLowAreas, control) || target.pageProtected) return true;
  if (accessKey === 0 || accessKey === target.storage.access) return false;
  return !(control.storageOverride && target.storage.access === OPEN_KEY);
}
