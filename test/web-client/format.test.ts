/** Figures in words: three digits that count, and never a false nothing. */

import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatNs, formatShare, formatTick } from "../../web/client/timeline/format.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");

describe("figures in words", () => {
  it.each([
    [0, "0"],
    [1, "1 ns"],
    [812, "812 ns"],
    [1000, "1.00 µs"],
    [41_234, "41.2 µs"],
    [1_034_000, "1.03 ms"],
    [183_400_000, "183 ms"],
    [999_600, "1.00 ms"],
    [999_400, "999 µs"],
    [1_500_000_000, "1.50 s"],
  ])("%d ns have three digits that count: %s", (ns, words) => {
    expect(plain(formatNs(ns))).toBe(words);
  });

  it("labels ticks without needless digits", () => {
    expect([0, 10_000, 500_000, 1_500_000_000].map((ns) => plain(formatTick(ns)))).toEqual([
      "0",
      "10 µs",
      "500 µs",
      "1.5 s",
    ]);
  });

  it("sets thousands apart", () => {
    expect(plain(formatCount(1_234_567))).toBe("1 234 567");
    expect(formatCount(999)).toBe("999");
  });

  it("never rounds a share to a false nothing or a false all", () => {
    expect([0, 0.0001, 0.5, 0.9999, 1].map((share) => plain(formatShare(share)))).toEqual([
      "0 %",
      "< 1 %",
      "50 %",
      "> 99 %",
      "100 %",
    ]);
  });

  it("gives memory in binary units", () => {
    expect([64 * 2 ** 20, 1.5 * 2 ** 30].map((bytes) => plain(formatBytes(bytes)))).toEqual(["64 MiB", "1.5 GiB"]);
  });
});
