/** The bytes of the tiny guest: each is what stands beside it, and who executes them is told by the kernel's counters. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { executorOf } from "../../runtime/vm/tiny-executor.ts";
import { decodeExits, exitsByReason } from "../../runtime/vm/tiny-exits.ts";
import {
  codeOf,
  exitProgram,
  INSTRUCTIONS_A_TURN,
  LOAD_ADDRESS,
  leastProgram,
  TURNS_OF_COMPUTING,
} from "../../runtime/vm/tiny-program.ts";
import { needsPrograms, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const PROGRAMS = [leastProgram(), exitProgram(1), exitProgram(1000), exitProgram(65_535)];

describe("the program of the tiny guest", () => {
  test.each(PROGRAMS)("jumps to the beginning of an instruction: %#", (...program) => {
    const starts = new Set(program.map(({ address }) => address));
    const jumps = program.filter(({ bytes }) => [0xe2, 0x75].includes(bytes[0] ?? 0));
    for (const { address, bytes } of jumps) {
      const [, offset = 0] = bytes;
      expect(starts).toContain(address + bytes.length + offset - 0x100);
    }
  });

  test("is read by a disassembler as it is written down", unless([needsPrograms("objdump")]), () => {
    for (const program of PROGRAMS) {
      const file = join(temporaryDirectory(), "code");
      writeFileSync(file, codeOf(program));
      const options = ["-D", "-b", "binary", "-m", "i8086", "-M", "intel", "--no-show-raw-insn"];
      const { stdout } = spawnSync("objdump", [...options, `--adjust-vma=${LOAD_ADDRESS}`, file], { encoding: "utf8" });
      const read = [...stdout.matchAll(/^\s+([0-9a-f]+):\s+(\w+)/gm)].map(([, address, word]) => [
        address,
        word?.replace("lidtw", "lidt"),
      ]);
      const written = program.map(({ address, mnemonic }) => [
        address.toString(16),
        /^(\w+)/.exec(mnemonic)?.[1]?.replace("jnz", "jne"),
      ]);
      expect(read).toEqual(written);
    }
  });
});

describe("who executes it", () => {
  const all = TURNS_OF_COMPUTING * INSTRUCTIONS_A_TURN;
  const marks = (emulated: number) =>
    [5, 5 + emulated, 5 + emulated].map((value, exitIndex) => ({ exitIndex, counters: { insn_emulation: value } }));

  test("is the host's kernel where it has emulated the arithmetic", () => {
    const executor = executorOf(marks(all + 2), { drivers: ["kvm_pvm"], isGuest: true });
    expect(executor).toMatchObject({
      by: "emulator",
      label: expect.stringMatching(/emulated by .*kvm_pvm.*no hardware/),
    });
    expect(executor.reason).toBe(`of ${all} instructions of arithmetic the host's kernel emulated ${all}`);
  });

  test("is the processor where it has not, and a host that is a guest is named", () => {
    const here = executorOf(marks(2), { drivers: ["kvm_intel"], isGuest: false });
    expect(here).toMatchObject({
      by: "processor",
      label: expect.stringMatching(/hardware virtualization \(kvm_intel\)$/),
    });
    expect(executorOf(marks(0), { drivers: ["kvm_amd"], isGuest: true }).label).toMatch(/nested/);
  });

  test("is not known where the kernel does not count", () => {
    const silent = marks(0).map(({ exitIndex }) => ({ exitIndex, counters: {} }));
    expect(executorOf(silent, { drivers: [], isGuest: false }).by).toBe("unknown");
  });
});

describe("its exits", () => {
  function record(reason: number, isWrite: number, tookNs: number): Buffer {
    const bytes = Buffer.alloc(40);
    bytes.writeBigUInt64LE(1000n, 0);
    bytes.writeBigUInt64LE(BigInt(1000 + tookNs), 8);
    bytes.writeUInt32LE(reason, 32);
    bytes.writeUInt32LE(isWrite, 36);
    return bytes;
  }

  test("are told apart by reason and direction, a reason that nobody knows too", () => {
    const records = [
      record(2, 1, 10),
      record(2, 0, 10),
      record(6, 1, 1),
      record(6, 0, 1),
      record(5, 0, 1),
      record(77, 0, 1),
    ];
    const reasons = decodeExits(Buffer.concat(records)).map(({ reason }) => reason);
    expect(reasons).toEqual(["out", "in", "MMIO write", "MMIO read", "HLT", "other"]);
  });

  test("are summed up by reason, in the order in which they came", () => {
    const exits = decodeExits(Buffer.concat([record(5, 0, 7), record(2, 1, 10), record(2, 1, 30), record(2, 1, 20)]));
    expect(exitsByReason(exits)).toMatchObject([
      { reason: "HLT", count: 1, p50Ns: 7, totalNs: 7 },
      { reason: "out", count: 3, p50Ns: 20, totalNs: 60 },
    ]);
  });

  test("that are cut off are none", () => {
    expect(decodeExits(record(5, 0, 7).subarray(0, 39))).toEqual([]);
  });
});
