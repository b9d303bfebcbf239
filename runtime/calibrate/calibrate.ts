/** Measures this machine and makes its profile of costs, `measured-HOST`. */
import { hostname } from "node:os";
import type { Launcher } from "../../native/kernel.ts";
import type { Cost } from "../../simulator/costs/cost.ts";
import { describeMachine } from "../bench/machine.ts";
import { percentile } from "../bench/statistics.ts";
import { costsOf } from "./costs.ts";
import { type CostsDocument, type Quantity, readCosts } from "./document.ts";
import { withRoomForExits } from "./exits-fit.ts";
import { type Measured, type MeasureOptions, measure } from "./measure.ts";
import { wordsOf } from "./quantities.ts";

export interface CalibrateOptions extends MeasureOptions {
  /** Makes the costs of a container's steps of what was measured; the simulator knows what they consist of. */
  readonly stepCosts: (costs: readonly Cost[]) => readonly Cost[];
}

/** @returns what this machine's profile is called. */
export function profileName(): string {
  return `measured-${hostname().replaceAll(/[^\w.-]/g, "-")}`;
}

/**
 * Calibrates. What is not measured this time is kept from the last time, where that was on the same kernel and processor.
 * @throws as measure does
 */
export async function calibrate(launcher: Launcher, options: CalibrateOptions): Promise<CostsDocument> {
  const measuredAt = new Date().toISOString();
  const machine = describeMachine();
  const measured = await measure(launcher, options);
  const fresh = quantitiesOf(measured, measuredAt);
  const name = profileName();
  const former = formerOf(name);
  const isSame = former?.machine.kernel === machine.kernel && former.machine.cpu === machine.cpu;
  const kept = isSame ? former.quantities.filter(({ name: old }) => !fresh.some((one) => one.name === old)) : [];
  const quantities = [...kept, ...fresh];
  const all = costsOf(quantities, `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}`);
  const { costs, leftOut } = withRoomForExits(all);
  return {
    schema: "ringside.costs/1",
    name,
    title: `this machine, ${hostname()}: ${machine.cpu}, ${machine.kernel}; the rest as published`,
    measuredAt,
    machine,
    quantities,
    refused: [...Array.from(measured.refused, ([refused, why]) => ({ name: refused, why })), ...leftOut],
    costs: [...costs, ...options.stepCosts(costs)],
  };
}

/** A profile that cannot be read is about to be replaced. */
function formerOf(name: string): CostsDocument | undefined {
  try {
    return readCosts(name);
  } catch {
    return undefined;
  }
}

function quantitiesOf({ samples, accelerators }: Measured, date: string): Quantity[] {
  return Array.from(samples, ([name, values]) => {
    const sorted = Float64Array.from(values).sort();
    const at = (fraction: number): number => Math.round(percentile(sorted, fraction));
    const accelerator = accelerators.get(name);
    const whose = accelerator === undefined ? {} : { accelerator };
    return { name, what: wordsOf(name), n: values.length, p25: at(0.25), p50: at(0.5), p75: at(0.75), date, ...whose };
  });
}
