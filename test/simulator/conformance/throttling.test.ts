/**
 * cpu.max on the real kernel and on the simulated one: a loop that may have a tenth of a processor. What is compared are
 * the kernel's own counters, which do not depend on what else the machine is doing.
 */
import { expect, test } from "vitest";
import { inside } from "../../support/inside.ts";
import { CONTAINERS, describeWhere } from "../../support/needs.ts";
import { imageLayer, simulatedMachine, startContained } from "./machine.ts";

const SHARE = 0.1;
const PERIOD_NS = 100_000_000;
const QUOTA_NS = SHARE * PERIOD_NS;
const PERIODS = 12;

interface Shares {
  readonly periods: number;
  /** Of the periods, those in which it was throttled. */
  readonly throttled: number;
  /** What was used, of what the quota gives in so many periods. */
  readonly used: number;
}

/** The loop ends when the kernel has counted enough periods. Without a control group of v2 the usage is in cpuacct. */
const SCRIPT = `
  stat=$(ls /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu,cpuacct/cpu.stat 2>/dev/null | head -n 1)
  value() { while read -r name number; do [ "$name" = "$1" ] && echo "$number"; done < "$stat"; }
  periods=0
  while [ "$periods" -lt ${PERIODS} ]; do
    i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done
    periods=$(value nr_periods)
  done
  cat "$stat"
  cut -d' ' -f14,15,16,17 /proc/1/stat`;

const TICKS_PER_SECOND = 100;

async function realShares(): Promise<Shares> {
  const { output } = await inside(SCRIPT, { cpus: SHARE });
  const counter = (name: string): number | undefined => {
    const digits = new RegExp(`^${name} (\\d+)$`, "m").exec(output)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const periods = counter("nr_periods") ?? 0;
  const usageUs = counter("usage_usec");
  const ticks = (output.trim().split("\n").at(-1) ?? "").split(" ").reduce((sum, digits) => sum + Number(digits), 0);
  const usedNs = usageUs === undefined ? (ticks * 1e9) / TICKS_PER_SECOND : usageUs * 1000;
  return { periods, throttled: (counter("nr_throttled") ?? 0) / periods, used: usedNs / (periods * QUOTA_NS) };
}

function simulatedShares(): Shares {
  const { simulation, system } = simulatedMachine();
  const group = system.group("/tenth", { cpuMax: { quotaNs: QUOTA_NS, periodNs: PERIOD_NS } });
  const loop = { name: "loop", operations: [{ kind: "compute" as const, instructions: 10_000_000_000 }] };
  startContained(system, imageLayer(system, []), loop, group);
  simulation.run({ untilTime: PERIODS * PERIOD_NS });
  const { periods, throttledPeriods, usageNs } = group.cpu.stat(simulation.now);
  return { periods, throttled: throttledPeriods / periods, used: usageNs / (periods * QUOTA_NS) };
}

describeWhere(CONTAINERS, "a loop that may have a tenth of a processor", () => {
  test("is throttled in nearly every period, and gets its quota and no more", async () => {
    const [real, simulated] = [await realShares(), simulatedShares()];
    expect(simulated.periods).toBeGreaterThanOrEqual(PERIODS - 1);
    expect(real.periods).toBeGreaterThanOrEqual(PERIODS);
    for (const { throttled, used } of [real, simulated]) {
      // The band: the first and the last period are not whole, and a neighbour may take a period's time from a real loop.
      expect(throttled).toBeGreaterThanOrEqual(0.7);
      expect(throttled).toBeLessThanOrEqual(1);
      expect(used).toBeGreaterThanOrEqual(0.6);
      expect(used).toBeLessThanOrEqual(1.25);
    }
    expect(Math.abs(real.throttled - simulated.throttled)).toBeLessThanOrEqual(0.3);
  });
});
