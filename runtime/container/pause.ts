/** Stopping all processes of a container at once, and letting them go on. docker-pause(1), docker-unpause(1). */
import { existsSync } from "node:fs";
import { delegateFix } from "../cgroup/delegation.ts";
import { freeze, thaw } from "../cgroup/freezer.ts";
import { detectCgroups } from "../cgroup/layout.ts";
import { RingsideError } from "../error.ts";
import { appendEvent } from "./events.ts";
import { type ContainerState, findContainer, itIs } from "./state.ts";
import { requireLiving } from "./stop.ts";

/** On v1 a group of the freezer's own is needed, and it costs time at each start. */
function canBeFrozen({ cgroups }: ContainerState): boolean {
  return cgroups.some((group) => existsSync(`${group}/cgroup.freeze`) || existsSync(`${group}/freezer.state`));
}

function cannotFreeze({ name, owner }: ContainerState): RingsideError {
  if (owner.kind === "lab") {
    const why = "in the foreground a container joins only the groups that limit it";
    return new RingsideError(`cannot pause ${name}: ${why}`, { fix: "start it with ringside run -d" });
  }
  const { controllers, unified = "/sys/fs/cgroup" } = detectCgroups();
  const place = controllers.freezer ?? { version: 2, directory: unified, readOnly: false };
  return new RingsideError(`cannot pause ${name}: it has no control group in which all of it could be stopped`, {
    fix: `${delegateFix(place, "freezer", "group")}, and start it again`,
  });
}

/** @throws RingsideError when it does not run, or cannot be stopped */
export async function pauseContainer(idOrName: string): Promise<ContainerState> {
  const { state } = requireLiving(idOrName, "pause");
  if (state.status === "paused") {
    throw new RingsideError(`${state.name} is paused already`, { fix: `ringside unpause ${state.name}` });
  }
  if (!canBeFrozen(state)) throw cannotFreeze(state);
  await freeze(state.cgroups);
  appendEvent("pause", state);
  return state;
}

/** @throws RingsideError when it is not paused */
export async function unpauseContainer(idOrName: string): Promise<ContainerState> {
  const state = findContainer(idOrName);
  if (state.status !== "paused") {
    throw new RingsideError(`${state.name} is not paused: ${itIs(state.status)}`, {
      fix: "ringside ps --filter status=paused lists those that are",
    });
  }
  await thaw(state.cgroups);
  appendEvent("unpause", state);
  return state;
}
