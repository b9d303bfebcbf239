/**
 * Mount options as words: what the table knows becomes flags and never reaches the file system, what it does not know
 * never becomes a flag, and nothing makes it fail in any other way than with words for people. The seed is printed by
 * fast-check when a property fails.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RingsideError } from "../../runtime/error.ts";
import { MOUNT_ATTRIBUTES, MOUNT_OPTIONS, parseMountOptions } from "../../runtime/plan/mount-options.ts";

const known = fc.constantFrom(...MOUNT_OPTIONS);
const unknown = fc
  .stringMatching(/^[a-zA-Z_+.-]{1,20}(=[a-zA-Z0-9:/%_-]{0,40})?$/)
  .filter((option) => !MOUNT_OPTIONS.includes(option));
const anything = fc.oneof(
  known,
  unknown,
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("", ",", "=", '"', "ro,", "a=b=c"),
);

const ALL_BITS = Object.values(MOUNT_ATTRIBUTES).reduce((bits, bit) => bits | bit, 0x70);

describe("a list of mount options", () => {
  test("is parsed or refused in words, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(anything), (options) => {
        try {
          const { top, tree } = parseMountOptions(options);
          expect((top.set | top.clear | tree.set | tree.clear) & ~ALL_BITS).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RingsideError);
          if (error instanceof RingsideError) expect(error.fix).toBeTruthy();
        }
      }),
    );
  });

  test("hands no option of the table to the file system", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(known, unknown)), (options) => {
        const { data } = parseMountOptions(options);
        expect(data.filter((option) => MOUNT_OPTIONS.includes(option))).toEqual([]);
      }),
    );
  });

  test("hands every other option to the file system, in order, and makes no flag of it", () => {
    fc.assert(
      fc.property(fc.array(unknown), (options) => {
        const parsed = parseMountOptions(options);
        expect(parsed.data).toEqual(options);
        expect({ ...parsed, data: [] }).toEqual(parseMountOptions([]));
      }),
    );
  });

  test("means the same wherever other options stand between", () => {
    fc.assert(
      fc.property(fc.array(known), fc.array(unknown), (flags, others) => {
        expect({ ...parseMountOptions([...flags, ...others]), data: [] }).toEqual({
          ...parseMountOptions(flags),
          data: [],
        });
      }),
    );
  });

  test("says the same in one entry with commas as in several", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(known, unknown)), (options) => {
        expect(parseMountOptions([options.join(",")])).toEqual(parseMountOptions(options));
      }),
    );
  });

  test("lets the later of two that contradict each other win", () => {
    expect(parseMountOptions(["ro", "rw"]).top).toEqual({ set: 0, clear: MOUNT_ATTRIBUTES.ro });
    expect(parseMountOptions(["ro", "rw"]).superblock).toEqual([]);
    expect(parseMountOptions(["rw", "ro"]).top.set).toBe(MOUNT_ATTRIBUTES.ro);
    expect(parseMountOptions(["noatime", "strictatime"]).top.set).toBe(MOUNT_ATTRIBUTES.strictatime);
    expect(parseMountOptions(["strictatime", "relatime"]).top.set).toBe(0);
  });

  test("keeps a comma within quotes, as a security label has them, and gives the label without its quotes", () => {
    expect(parseMountOptions(['context="system_u:object_r:x:s0:c1,c2"', "ro"]).data).toEqual([
      "context=system_u:object_r:x:s0:c1,c2",
    ]);
  });

  test("is refused where the kernel would cut an option off", () => {
    expect(() => parseMountOptions([`lowerdir=/${"x".repeat(300)}`])).toThrow(RingsideError);
    expect(() => parseMountOptions(["a\0b"])).toThrow(RingsideError);
  });
});

describe("the table of options", () => {
  test("has all that the specification names", () => {
    const plain =
      "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec " +
      "noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private rbind relatime remount ro rw " +
      "rprivate rshared rslave runbindable shared silent slave strictatime suid symfollow sync tmpcopyup unbindable";
    const recursive =
      "rro rrw rnosuid rsuid rnodev rdev rnoexec rexec rnodiratime rdiratime rrelatime rnorelatime rnoatime ratime " +
      "rstrictatime rnostrictatime rsymfollow rnosymfollow idmap ridmap";
    for (const name of `${plain} ${recursive}`.split(" ")) expect(MOUNT_OPTIONS).toContain(name);
  });
});
