/** z/Architecture's storage keys: seven bits a frame, and what they allow, row by row of the truth table. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FrameKey, StorageKeys } from "../../../simulator/machine/storage-keys.ts";
import { fetchProtected, type ProtectionControl, storeProtected } from "../../../simulator/zos/protection.ts";

const key: fc.Arbitrary<FrameKey> = fc.record({
  access: fc.nat(15),
  fetchProtected: fc.boolean(),
  referenced: fc.boolean(),
  changed: fc.boolean(),
});

test("a key comes back as it was set, for every frame its own; use sets R and C, and only RRBE resets R", () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 20 }), fc.constantFrom("fetch", "store"), (keys, kind) => {
      const storage = new StorageKeys(keys.length);
      for (const [frame, wanted] of keys.entries()) storage.set(frame, wanted);
      expect(keys.map((_, frame) => storage.insert(frame))).toEqual(keys);
      for (const [frame, before] of keys.entries()) {
        storage.record(frame, kind);
        const changed = before.changed || kind === "store";
        expect(storage.insert(frame)).toEqual({ ...before, referenced: true, changed });
        expect(storage.resetReference(frame)).toBe(changed ? 3 : 2);
        expect(storage.insert(frame)).toEqual({ ...before, referenced: false, changed });
        expect(storage.resetReference(frame)).toBe(changed ? 1 : 0);
      }
    }),
  );
});

test("there is no key above 15, and no frame beyond the last", () => {
  const storage = new StorageKeys(1);
  expect(() => storage.set(0, { ...storage.insert(0), access: 16 })).toThrow("no storage key 16");
  expect(() => storage.insert(1)).toThrow("no frame 1 of 1");
});

const PLAIN: ProtectionControl = { lowAddress: false, fetchOverride: false, storageOverride: false };

test("every access key against every frame's key: 0 may all, its own may all, others may read what is not fetch-protected", () => {
  const storage = new StorageKeys(32);
  for (let frame = 0; frame < 32; frame++) {
    storage.set(frame, { access: frame % 16, fetchProtected: frame >= 16, referenced: false, changed: false });
  }
  for (let accessKey = 0; accessKey < 16; accessKey++) {
    for (let frame = 0; frame < 32; frame++) {
      const mine = accessKey === 0 || accessKey === frame % 16;
      const held = storage.insert(frame);
      const target = { address: 0x10000, storage: held, pageProtected: false, twoLowAreas: true };
      expect(storeProtected(target, accessKey, PLAIN)).toBe(!mine);
      expect(fetchProtected(0x10000, held, accessKey, PLAIN)).toBe(!mine && frame >= 16);
    }
  }
});
