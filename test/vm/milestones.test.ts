/** What is read from QEMU and the console becomes marks and stages in order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MilestoneReader, parseMilestone } from "../../runtime/vm/milestones.ts";
import { parseQemuTrace } from "../../runtime/vm/qemu-trace.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("milestones of a guest", () => {
  test("are read whatever the pieces in which they arrive", () => {
    const text = "n init 5 1\nn exec 9 /bin/sh\nn exited 12 7\n";
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const reader = new MilestoneReader("n");
        const borders = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = borders.slice(1).map((end, index) => text.slice(borders[index], end));
        const found = pieces.flatMap((piece) => reader.read(bytes(piece), 100));
        expect(found.map(({ kind }) => kind)).toEqual(["init", "exec", "exited"]);
        expect(reader.first("exited")).toEqual({ kind: "exited", guestNs: 12, code: 7 });
      }),
    );
  });

  test("without the nonce of this start are nothing", () => {
    expect(parseMilestone("other exited 12 0", "n")).toBeUndefined();
    expect(parseMilestone("n exited twelve 0", "n")).toBeUndefined();
    expect(parseMilestone("n toString 12 0", "n")).toBeUndefined();
    expect(parseMilestone("exited 12 0", "n")).toBeUndefined();
  });

  test("of a kind count once: a second one changes nothing", () => {
    const reader = new MilestoneReader("n");
    reader.read(bytes("n exited 12 7\nn exited 13 0\n"), 100);
    expect(reader.first("exited")?.code).toBe(7);
  });

  test("stand on the host's clock by the line that was read with the least delay", () => {
    const reader = new MilestoneReader("n");
    reader.read(bytes("n init 1000 1\n"), 51_900);
    reader.read(bytes("n exec 3000 /bin/sh\n"), 53_020);
    const init = reader.first("init");
    expect(init && reader.hostNs(init)).toBe(51_020);
  });

  test("of the kernel's log have a time once its clock is tied to the guest's", () => {
    const reader = new MilestoneReader("n");
    reader.read(bytes("n log 400 Linux version 6\n"), 9_000);
    const line = reader.logLine("Linux version");
    expect(line && reader.hostNs(line)).toBeNaN();
    reader.read(bytes("n tie 2000 1500\n"), 12_000);
    expect(line && reader.hostNs(line)).toBe(400 - 1500 + 12_000);
  });
});

describe("the trace of QEMU", () => {
  test("gives the borders that the guest cannot see, and keeps QEMU's own words", () => {
    const trace = parseQemuTrace(
      [
        "71@100.000001:fw_cfg_select 0x55 key 0x0000 'signature', ret: 1",
        "71@100.000005:runstate_set current_run_state 6 (prelaunch) new_state 9 (running)",
        "72@100.000009:fw_cfg_select 0x55 key 0x0019 'file_dir', ret: 1",
        "72@100.000020:fw_cfg_select 0x55 key 0x0011 'kernel_data', ret: 1",
        "2026-11-23T09:40:40.416276Z qemu-system-x86_64: a warning",
      ].join("\n"),
    );
    expect(trace).toEqual({
      processorStartWallNs: 100_000_005_000,
      handOverWallNs: 100_000_020_000,
      messages: ["qemu-system-x86_64: a warning"],
    });
  });
});
