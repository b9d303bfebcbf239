/** The tiny virtual machine: what its guest does arrives at the monitor, exit by exit; it always ends, and leaves nothing. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runKvmGuest } from "../../native/kernel.ts";
import { runTiny, startTiny, tinyProblem } from "../../runtime/vm/tiny.ts";
import { codeOf, LOAD_ADDRESS, leastProgram, PORTS, THE_BYTE } from "../../runtime/vm/tiny-program.ts";
import { tinyTimeline } from "../../runtime/vm/tiny-timeline.ts";
import { tinyVmm } from "../../runtime/vm/vmm/tiny.ts";
import { MARKS } from "../../simulator/trace/timeline.ts";
import { needsRoot, unless } from "../support/needs.ts";
import { needsReadableCheckout, ordinaryUser } from "../support/ordinary-user.ts";
import { ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const problem = await tinyProblem();
const reason = problem === undefined ? undefined : `${problem.reason}; to fix it: ${problem.fix}`;

const TURNS = 37;
const MACHINE = {
  loadAddress: LOAD_ADDRESS,
  memoryBytes: 65_536,
  extraSegment: 0xa000,
  endPort: PORTS.end,
  markPort: 0,
  inputByte: 0,
  mostExits: 50,
  timeoutMs: 50,
};

describe("the tiny virtual machine", unless(reason), () => {
  test("leaves for each reason as often as its program says", async () => {
    const { byReason, exits, ending } = await runTiny({ turns: TURNS });
    expect(byReason.map(({ reason: why, count }) => [why, count])).toEqual([
      ["out", TURNS],
      ["in", TURNS],
      ["MMIO write", TURNS],
      ["MMIO read", TURNS],
      ["HLT", TURNS],
    ]);
    // The sign, the byte, three marks, the shutdown.
    expect(exits).toHaveLength(byReason.length * TURNS + 6);
    expect([exits.at(-1)?.reason, ending]).toEqual(["shutdown", "shutdown"]);
    for (const { p50Ns, p99Ns } of byReason) expect(p99Ns).toBeGreaterThanOrEqual(p50Ns);
  });

  test("hands its byte and every address over as its program has them", async () => {
    const { exits } = await runTiny({ turns: 1 });
    expect(exits.slice(0, 6).map(({ reason: why, address }) => [why, address])).toEqual([
      ["out", PORTS.alive],
      ["out", PORTS.byte],
      ["out", PORTS.loop],
      ["in", PORTS.loop],
      ["MMIO write", 0xa0000],
      ["MMIO read", 0xa0000],
    ]);
    expect(exits[1]?.data).toBe(THE_BYTE);
  });

  test("stamps every step of its life, one after the other, from the request until it has gone", async () => {
    const life = await startTiny();
    const names = life.steps.map(({ name }) => name);
    expect(names).toEqual([
      "open",
      "KVM_CREATE_VM",
      "KVM_SET_USER_MEMORY_REGION",
      "KVM_CREATE_VCPU",
      "KVM_SET_REGS",
      "close the vCPU",
      "close the VM",
      "unmap the memory",
      "close",
    ]);
    const stamps = [
      ...life.steps,
      ...life.exits.map(({ enteredNs, leftNs }) => ({ startNs: enteredNs, endNs: leftNs })),
    ]
      .sort((a, b) => a.startNs - b.startNs)
      .flatMap(({ startNs, endNs }) => [startNs, endNs]);
    expect(stamps).toEqual(stamps.toSorted((a, b) => a - b));
    expect(life.exits).toHaveLength(3);
    expect([life.requestedNs, life.firstInstructionNs, life.firstByteNs, life.goneNs]).toEqual(
      [life.requestedNs, life.firstInstructionNs, life.firstByteNs, life.goneNs].toSorted((a, b) => a - b),
    );
  });

  test("is ended by its time-out where its guest hangs, and the next one runs", async () => {
    const hangs = { ...MACHINE, code: Uint8Array.of(0xeb, 0xfe) }; // jmp, to itself
    expect((await runKvmGuest(hangs)).ending).toBe("timedOut");
    expect((await startTiny()).ending).toBe("ended");
  });

  test("is ended where its guest leaves more often than it may", async () => {
    const leaves = { ...MACHINE, timeoutMs: 10_000, code: Uint8Array.of(0xe6, 0x10, 0xeb, 0xfc) }; // out; jmp back
    const { ending, exits } = await runKvmGuest(leaves);
    expect([ending, exits.length / 40]).toEqual(["tooManyExits", MACHINE.mostExits]);
  });

  test("leaves no descriptor and no memory, however it ends, and several run at once", async () => {
    const codes = [codeOf(leastProgram()), Uint8Array.of(0xeb, 0xfe), Uint8Array.of(0xe6, 0x10, 0xeb, 0xfc)];
    await Promise.all([...codes, ...codes, ...codes].map((code) => runKvmGuest({ ...MACHINE, code })));
    expect(held()).toEqual([]);
  });

  test("refuses to run outside of its bounds, with the reason", async () => {
    const refused = runKvmGuest({ ...MACHINE, memoryBytes: 1, code: new Uint8Array(1) });
    await expect(refused).rejects.toMatchObject({ code: "EINVAL", syscall: "bounds" });
    await expect(runTiny({ turns: 0 })).rejects.toThrow(/0 exits for each reason/);
  });

  test("says who executes its guest, and the monitors' list says the same", async () => {
    const { executor } = await runTiny({ turns: 1 });
    expect(executor.label).toContain("KVM real-mode guest, no kernel");
    expect(executor.reason).not.toBe("");
    const usable = await tinyVmm.usable();
    expect(usable).toMatchObject({ ok: true, accelerators: [{ name: "kvm", label: executor.label }] });
  });
});

/** Descriptors and mappings of KVM in this process. */
function held(): string[] {
  const mappings = readFileSync("/proc/self/maps", "utf8").split("\n");
  const descriptors = readdirSync("/proc/self/fd").flatMap((fd) => linkOf(`/proc/self/fd/${fd}`) ?? []);
  return [...mappings, ...descriptors].filter((line) => line.includes("kvm"));
}

/** The directory's own descriptor has gone when it is asked for. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

describe("its timeline", unless(reason), () => {
  test("has a span for every moment until it has gone, and a dip to the hypervisor between two runs of the guest", async () => {
    const run = await runTiny({ turns: 3 });
    const { spans, instants, tracks } = tinyTimeline(run, run);
    let at = 0;
    for (const { start, end } of spans) {
      expect(start).toBe(at);
      expect(end).toBeGreaterThan(start);
      at = end;
    }
    expect(instants.map(({ name }) => name)).toEqual([MARKS.firstInstruction, MARKS.firstByte, MARKS.gone]);
    expect(instants.at(-1)?.at).toBe(at);
    expect(spans.filter(({ mode }) => mode === "hypervisor")).toHaveLength(run.exits.length - 1);
    expect(tracks[0]?.provenance).toMatchObject({ kind: "measured", n: 1, accelerator: run.executor.label });
  });
});

describe("ringside vm tiny", unless(reason), () => {
  test("prints the program, the steps, the exits by reason, and who executed it", async () => {
    const { stdout, code } = await ringside(["vm", "tiny", "--exits", "5"]);
    expect(code).toBe(0);
    for (const words of ["KVM_CREATE_VM", "e6 80", "MMIO write", "HLT", "executed by  KVM real-mode guest"]) {
      expect(stdout).toContain(words);
    }
  });

  test("prints JSON, and writes a trace", async () => {
    const file = join(temporaryDirectory(), "tiny.json");
    const { stdout, code } = await ringside(["vm", "tiny", "--exits", "5", "--json", "--timeline", file]);
    expect(code).toBe(0);
    const json: unknown = JSON.parse(stdout);
    expect(json).toMatchObject({ schema: "ringside.tiny/1", ending: "shutdown", provenance: { kind: "measured" } });
    expect(json).toHaveProperty("exits.0", expect.objectContaining({ reason: "out", count: 5 }));
    expect(JSON.parse(readFileSync(file, "utf8"))).toHaveProperty("otherData.schema", "ringside.timeline/1");
  });

  test("is what ringside vm run does with --vmm tiny and without an image", async () => {
    const { stdout, code } = await ringside(["vm", "run", "--vmm", "tiny", "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { schema: "ringside.tiny/1", ending: "shutdown" }]);
    for (const words of [
      ["--vmm", "tiny", "-d"],
      ["--vmm", "tiny", "ringside/base"],
      [],
      ["--json", "ringside/base"],
    ]) {
      expect((await ringside(["vm", "run", ...words])).code).toBe(125);
    }
  });

  test("refuses a number of exits that it cannot have", async () => {
    const { stderr, code } = await ringside(["vm", "tiny", "--exits", "99999"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("1 to 20000")]);
  });
});

const closed = existsSync("/dev/kvm") && (statSync("/dev/kvm").mode & 0o006) === 0;
const whyOpen = closed ? undefined : "/dev/kvm is not there, or everybody may open it";

describe(
  "a user who may not open /dev/kvm",
  unless(whyOpen ?? [needsRoot("is another user"), needsReadableCheckout]),
  () => {
    test("is told which call failed, and what to do", async () => {
      const user = ordinaryUser(61_377);
      onTestFinished(() => user.dispose());
      const { code, stderr } = await user.ringside(["vm", "tiny"]);
      expect([code, stderr]).toEqual([
        125,
        expect.stringMatching(/open of \/dev\/kvm: Permission denied\n.*usermod -aG kvm/),
      ]);
    });
  },
);
