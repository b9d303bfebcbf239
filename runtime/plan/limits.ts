/** How much of each resource a process may use. setrlimit(2); runtime-spec, config.md, rlimits. */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciProcess } from "../oci/config.ts";
import { RLIMITS } from "../oci/kernel-names.ts";

/** Numbers as the kernel has them; -1 and what is larger than it knows mean no limit (RLIM_INFINITY). */
function amount(value: number | bigint): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/**
 * @param phase the launcher sets them where the process itself has lost the right to (a user namespace)
 * @throws RingsideError for a name that setrlimit(2) has not
 */
export function limitSteps({ rlimits = [] }: Pick<OciProcess, "rlimits">, phase: "host" | "child"): PlanStep[] {
  return rlimits.map(({ type, soft, hard }) => {
    const resource = Object.entries(RLIMITS).find(([name]) => name === type)?.[1];
    if (resource === undefined) {
      throw new RingsideError(`process.rlimits: there is no limit ${JSON.stringify(type)}`, {
        fix: `use one of ${Object.keys(RLIMITS).join(", ")}`,
      });
    }
    return {
      phase,
      stage: "identity",
      why: `How much it may use: ${type}.`,
      op: "setLimit",
      resource,
      soft: amount(soft),
      hard: amount(hard),
    };
  });
}
