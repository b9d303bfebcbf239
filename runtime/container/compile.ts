/**
 * Options and image to a plan, without touching anything: what `run` executes and what `explain` prints are made by the
 * same function.
 */
import { devicesCanBeGuarded } from "../cgroup/devices.ts";
import { type CgroupLayout, detectCgroups } from "../cgroup/layout.ts";
import { RingsideError } from "../error.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { Image } from "../image/image.ts";
import { type ContainerPlan, containerPlan, type Ownership } from "../plan/container.ts";
import type { RootDirectories } from "../plan/root.ts";
import { cachedFilter } from "../plan/seccomp/filter-cache.ts";
import type { Privilege } from "../plan/tree.ts";
import { idMapText } from "../plan/user-namespace.ts";
import { autoUsers } from "./auto-users.ts";
import { places, rootDirectories } from "./directories.ts";
import type { ContainerOptions } from "./options.ts";
import { ownPrivilege } from "./privilege.ts";
import { type ContainerConfig, ociConfig } from "./spec.ts";
import { type ResolvedUser, readerBelow, resolveGroups, resolveUser } from "./user.ts";
import { type ContainerUsers, containerUsers, mappedUser, withUsers } from "./users.ts";

export interface CompiledContainer extends ContainerPlan {
  /** What was asked for and is not had, in words: of `notes`, those that a start says. */
  readonly warnings: readonly string[];
  readonly config: ContainerConfig;
  readonly directories: RootDirectories;
}

export interface CompileOptions {
  readonly layout?: CgroupLayout;
  /** Resolved already; unless given it is looked up in the image. */
  readonly user?: ResolvedUser;
  /** Where writable layers are; this machine's place unless given. */
  readonly layers?: string;
  /** `lab` unless said otherwise. */
  readonly ownership?: Ownership;
  /** What we are; asked of the kernel unless given. */
  readonly privilege?: Privilege;
}

/**
 * @param id twelve hexadecimal digits
 * @throws RingsideError for anything that this machine cannot give
 */
export function compileContainer(
  id: string,
  options: ContainerOptions,
  image: Image,
  {
    layout = detectCgroups(),
    user,
    layers = places().layers,
    ownership = "lab",
    privilege = ownPrivilege(),
  }: CompileOptions = {},
): CompiledContainer {
  const directories = rootDirectories(layers, id, image.lowerDirectories);
  const users = usersOf(id, options, privilege);
  const resolved = user ?? userOf(options, image, users);
  const asRoot = ociConfig(options, image.config, resolved, id, directories.base, devicesCanBeGuarded(layout));
  const config = users === undefined ? asRoot : withUsers(asRoot, users, privilege !== "user");
  const { seccomp } = config.linux;
  const filter = seccomp === undefined ? undefined : cachedFilter(seccomp, cacheDirectory());
  const compiled = containerPlan(config, {
    id,
    root: { kind: "overlay", directories, idMaps: privilege === "user" ? undefined : idMapsOf(users) },
    layout,
    filter,
    ephemeral: options.remove,
    ownership,
    privilege,
    names: { extraHosts: options.extraHosts, resolver: options.resolver },
  });
  const warnings = [...compiled.notes, ...(options.userNamespace === "auto" ? (users?.notes ?? []) : [])];
  const notes = [...compiled.notes, ...(users?.notes ?? []), ...groupNotes(compiled, privilege)];
  return { ...compiled, notes, warnings, config, directories };
}

/** @returns undefined for the machine's users; @throws RingsideError for what this caller cannot have */
function usersOf(id: string, { userNamespace }: ContainerOptions, privilege: Privilege): ContainerUsers | undefined {
  if (privilege === "user") {
    if (userNamespace !== "host") return containerUsers();
    throw new RingsideError("--userns host is for root: an ordinary user's container needs a user namespace", {
      fix: "leave out --userns host, or run it as root",
    });
  }
  if (userNamespace !== "auto") return undefined;
  if (privilege === "root") return autoUsers(id);
  throw new RingsideError("--userns auto is for root of the machine: this is root of a user namespace", {
    fix: "leave out --userns auto: the container's users are nobody else outside already",
  });
}

function idMapsOf(users: ContainerUsers | undefined): { uidMap: string; gidMap: string } | undefined {
  return users && { uidMap: idMapText(users.uidMappings), gidMap: idMapText(users.gidMappings) };
}

/** It can be neither paused nor limited, nor counted as a whole, and nobody has asked for that yet. */
function groupNotes({ cgroups }: ContainerPlan, privilege: Privilege): string[] {
  return privilege === "user" && cgroups.length === 0
    ? ["it has no control group, since none has been given to you: nothing of it is limited or counted"]
    : [];
}

function userOf({ user, groups = [] }: ContainerOptions, image: Image, users?: ContainerUsers): ResolvedUser {
  const read = readerBelow(image.lowerDirectories);
  const own = resolveUser(user ?? image.config.user, read);
  const asked = resolveGroups(groups, read);
  const resolved = { ...own, additionalGids: [...own.additionalGids, ...asked] };
  return users === undefined ? resolved : { ...mappedUser(resolved, users, asked), home: own.home };
}
