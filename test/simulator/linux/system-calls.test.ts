/** The system-call table: whole, right about numbers, and every row with a price and an answer for each world. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findProfile } from "../../../simulator/costs/profiles.ts";
import { GUEST_EFFECTS, GVISOR_EFFECTS } from "../../../simulator/linux/system-calls/row.ts";
import {
  SYSTEM_CALLS,
  servicesWithoutCall,
  systemCall,
  systemCallFor,
} from "../../../simulator/linux/system-calls/table.ts";
import { SERVICES } from "../../../simulator/workload/services.ts";

const HEADER = ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"].find((path) =>
  existsSync(path),
);

describe("the system-call table", () => {
  test("has a hundred rows and more, each number and each name once", () => {
    expect(SYSTEM_CALLS.length).toBeGreaterThanOrEqual(100);
    expect(new Set(SYSTEM_CALLS.map(({ number }) => number)).size).toBe(SYSTEM_CALLS.length);
    expect(new Set(SYSTEM_CALLS.map(({ name }) => name)).size).toBe(SYSTEM_CALLS.length);
  });

  test("has a call for every service that a workload can ask for, and one only", () => {
    expect(servicesWithoutCall()).toEqual([]);
    const given = SYSTEM_CALLS.flatMap(({ service }) => service ?? []);
    expect(new Set(given).size).toBe(given.length);
    expect(given.length).toBe(SERVICES.length);
    expect(systemCallFor("open").name).toBe("openat");
  });

  test.skipIf(HEADER === undefined)("has the numbers of this machine's own header (needs the kernel's headers)", () => {
    const text = readFileSync(HEADER ?? "", "utf8");
    const numbers = new Map(
      [...text.matchAll(/#define __NR_(\w+) (\d+)/g)].map(([, name = "", number]) => [name, Number(number)]),
    );
    for (const { name, number } of SYSTEM_CALLS) expect([name, numbers.get(name)]).toEqual([name, number]);
  });

  test("knows what each costs, and what becomes of it in every other world", () => {
    const costs = new Set(findProfile("published-2022")?.costs.map(({ id }) => id));
    for (const { name, cost, path, guest, gvisor, zos } of SYSTEM_CALLS) {
      expect([name, cost === undefined || costs.has(cost)]).toEqual([name, true]);
      expect(path.length).toBeGreaterThan(3);
      expect(GUEST_EFFECTS[guest].length).toBeGreaterThan(10);
      expect(GVISOR_EFFECTS[gvisor].length).toBeGreaterThan(10);
      if (zos.kind === "unix") expect(zos.service).toMatch(/^BPX[12][A-Z0-9]{2,3}$/);
      if (zos.kind === "none") expect(zos.because.length).toBeGreaterThan(10);
    }
  });

  test("says which calls leave a guest: those that need a device, not those that only need a kernel", () => {
    expect(systemCall("getpid")?.guest).toBe("none");
    expect(systemCall("sendto")?.guest).toBe("network");
    expect(systemCall("fsync")?.guest).toBe("disk");
    expect(systemCall("reboot")?.guest).toBe("powerOff");
    expect(systemCall("nothing")).toBeUndefined();
  });
});
