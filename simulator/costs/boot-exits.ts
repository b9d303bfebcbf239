/**
 * Which published stages of a boot have counted exits in their time: a stage has to be longer than they are, or the figures
 * are of two machines that do not go together.
 */
import type { Cost } from "./cost.ts";
import { type CountedStage, countedDevices } from "./vm-exits.ts";

export interface StageWithExits {
  /** The id of the stage's time. */
  readonly cost: string;
  readonly exits: CountedStage;
}

const KERNELS = ["bzimage", "vmlinux"] as const;

/** As virtualization/boot-table.ts puts them together, which a test holds. */
export const STAGES_WITH_EXITS: readonly StageWithExits[] = KERNELS.flatMap((kernel): StageWithExits[] => [
  { cost: `vm.q35-qboot.${kernel}.firmware`, exits: "microvm.firmware" },
  { cost: `vm.q35-qboot.${kernel}.kernel`, exits: "microvm.kernel" },
  { cost: `vm.q35-qboot.${kernel}.kernel`, exits: "q35.kernel" },
  { cost: `vm.q35-seabios.${kernel}.firmware`, exits: "q35.firmware" },
  { cost: `vm.q35-seabios.${kernel}.kernel`, exits: "q35.kernel" },
]);

/** The ids of what an exit takes, by who answers it. */
export const EXIT_COSTS = { monitor: "hypervisor.exit.monitor", "host kernel": "hypervisor.exit.kernel" } as const;

/** Of the stage's own time something has to be left between two exits. */
const LEAST_NS_BETWEEN = 1;

/**
 * @param costs all that a profile has
 * @returns the stages that are too short for their exits
 */
export function stagesTooShort(costs: readonly Cost[]): StageWithExits[] {
  const byId = new Map(costs.map(({ id, value }) => [id, value]));
  return STAGES_WITH_EXITS.filter(({ cost, exits }) => {
    const stageNs = byId.get(cost);
    if (stageNs === undefined) return false;
    const exitsNs = countedDevices(exits).reduce((sum, { handledIn, costId }) => {
      return sum + (byId.get(costId) ?? 0) * ((byId.get(EXIT_COSTS[handledIn]) ?? 0) + LEAST_NS_BETWEEN);
    }, 0);
    return stageNs <= exitsNs;
  });
}
