/** A plan as the simulator plays it: which step is about what, without the arguments that differ from start to start. */
import { existsSync } from "node:fs";
import { OPERATIONS } from "../../native/plan/operations.ts";
import type { Plan } from "../../native/plan/plan.ts";
import { type ContainerPlanStep, subjectOf } from "../../simulator/linux/container-plan.ts";
import { compileContainer } from "../container/compile.ts";
import { BASE_CONFIG, BASE_IMAGE, type Image } from "../image/image.ts";

export const EXAMPLE_ID = "000000000000";

/** A container without any options. */
export const DEFAULT_OPTIONS = {
  image: BASE_IMAGE,
  command: [],
  env: [],
  readOnly: false,
  network: "none",
  remove: true,
} as const;

/** @returns the steps of a plan, those of a start and of its end, in their order */
export function planSteps(plan: Plan, id: string): ContainerPlanStep[] {
  return plan.flatMap((step): ContainerPlanStep[] => {
    if (step.phase === "abandon") return [];
    const { phase, stage, op, why } = step;
    const { calls, manual } = OPERATIONS[op];
    return [{ phase, stage, op, subject: subjectOf({ ...step }, id), calls, manual, why }];
  });
}

/** The default image and its user, for a plan that nothing executes: the files need not be there. */
export const DEFAULT_IMAGE: Image = {
  name: BASE_IMAGE,
  id: "",
  lowerDirectories: ["/image"],
  config: BASE_CONFIG,
  builtFrom: "",
};
export const DEFAULT_USER = { uid: 0, gid: 0, additionalGids: [], home: "/root" };

/** @returns the steps of a default container of this machine */
export function planStepsHere(): ContainerPlanStep[] {
  const { plan } = compileContainer(EXAMPLE_ID, DEFAULT_OPTIONS, DEFAULT_IMAGE, { user: DEFAULT_USER });
  return planSteps(plan, EXAMPLE_ID);
}

/** @returns whether a path that a plan guards is there: a container's /proc and /sys have what the host's have */
export function isThere(path: string): boolean {
  return existsSync(path);
}
