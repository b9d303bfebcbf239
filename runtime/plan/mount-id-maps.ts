/** Id-mapped mounts: files that belong to other users inside than on the disk. mount_setattr(2), MOUNT_ATTR_IDMAP. */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciMount } from "../oci/config.ts";
import { type MountContext, refuse } from "./mount-context.ts";
import type { ParsedMountOptions } from "./mount-options.ts";
import { idMapText } from "./user-namespace.ts";

/** User namespaces that exist only to hold the id mappings of mounts, one for each different pair. */
export class UserNamespaces {
  readonly steps: PlanStep[] = [];
  readonly #slots = new Map<string, number>();
  readonly #context: MountContext;

  constructor(context: MountContext) {
    this.#context = context;
  }

  /** The step that maps the ids of a bound mount; none where nothing is to be mapped. */
  mapSteps(mount: OciMount, option: ParsedMountOptions["idmap"], slot: number): PlanStep[] {
    const { uidMappings, gidMappings } = mount;
    if (option === undefined && uidMappings === undefined && gidMappings === undefined) return [];
    const { linux, preparing } = this.#context;
    const uids = uidMappings ?? linux.uidMappings ?? [];
    const gids = gidMappings ?? linux.gidMappings ?? [];
    if (uids.length === 0 || gids.length === 0)
      refuse(
        mount,
        "an id-mapped mount needs mappings of users and of groups",
        "give the mount uidMappings and gidMappings, or the container a user namespace with both",
      );
    if (preparing === "child")
      refuse(mount, "only root may map the ids of a mount", "run as root, or leave the mappings out");
    return [
      {
        phase: preparing,
        stage: "mounts",
        why: "Its files belong to other users inside than outside, without a change on the disk.",
        op: "changeMount",
        slot,
        set: 0,
        clear: 0,
        propagation: 0,
        recursive: option === "ridmap" ? 1 : 0,
        userNamespace: this.#namespace(idMapText(uids), idMapText(gids), preparing),
      },
    ];
  }

  #namespace(uidMap: string, gidMap: string, phase: "host"): number {
    const key = `${uidMap}/${gidMap}`;
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#context.slots.take();
    this.#slots.set(key, slot);
    this.steps.push({
      phase,
      stage: "mounts",
      why: "A user namespace that nobody lives in: it only holds which number stands for which.",
      op: "makeUserNamespace",
      slot,
      uidMap,
      gidMap,
    });
    return slot;
  }
}
