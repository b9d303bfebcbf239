/** Other limits for a container while it runs. docker-update(1). */
import { detectCgroups } from "../cgroup/layout.ts";
import { checkLimits, limitsOf } from "../cgroup/limits.ts";
import { updateResources } from "../cgroup/update.ts";
import type { OciResources } from "../oci/config.ts";
import { appendEvent } from "./events.ts";
import { changeRecord } from "./record.ts";
import type { ContainerState } from "./state.ts";
import { requireLiving } from "./stop.ts";

/** Later limits win, field by field. */
function merged(before: unknown, { memory, cpu, pids, blockIO }: OciResources): Record<string, unknown> {
  const known = isObject(before) ? before : {};
  const join = (name: string, change: object | undefined): Record<string, unknown> =>
    change === undefined ? {} : { [name]: { ...(isObject(known[name]) ? known[name] : {}), ...change } };
  return {
    ...known,
    ...join("memory", memory),
    ...join("cpu", cpu),
    ...join("pids", pids),
    ...join("blockIO", blockIO),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws RingsideError when it does not run, or the kernel refuses a value; all limits are then as they were */
export async function updateContainer(idOrName: string, resources: OciResources): Promise<ContainerState> {
  const { state } = requireLiving(idOrName, "update");
  checkLimits(limitsOf(resources));
  await updateResources(detectCgroups(), state.cgroups, resources);
  changeRecord(state.id, (record) => {
    const linux = isObject(record.config.linux) ? record.config.linux : {};
    return {
      ...record,
      config: { ...record.config, linux: { ...linux, resources: merged(linux.resources, resources) } },
    };
  });
  appendEvent("update", state);
  return state;
}
