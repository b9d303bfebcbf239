/**
 * Options and image to a plan, without touching anything: what `run` executes and what `explain` prints are made by the
 * same function.
 */
import { devicesCanBeGuarded } from "../cgroup/devices.ts";
import { type CgroupLayout, detectCgroups } from "../cgroup/layout.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { Image } from "../image/image.ts";
import { type ContainerPlan, containerPlan, type Ownership } from "../plan/container.ts";
import type { RootDirectories } from "../plan/root.ts";
import { cachedFilter } from "../plan/seccomp/filter-cache.ts";
import { places, rootDirectories } from "./directories.ts";
import type { ContainerOptions } from "./options.ts";
import { type ContainerConfig, ociConfig } from "./spec.ts";
import { type ResolvedUser, readerBelow, resolveGroups, resolveUser } from "./user.ts";

export interface CompiledContainer extends ContainerPlan {
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
}

/**
 * @param id twelve hexadecimal digits
 * @throws RingsideError for anything that this machine cannot give
 */
export function compileContainer(
  id: string,
  options: ContainerOptions,
  image: Image,
  { layout = detectCgroups(), user, layers = places().layers, ownership = "lab" }: CompileOptions = {},
): CompiledContainer {
  const directories = rootDirectories(layers, id, image.lowerDirectories);
  const resolved = user ?? userOf(options, image);
  const config = ociConfig(options, image.config, resolved, id, directories.base, devicesCanBeGuarded(layout));
  const { seccomp } = config.linux;
  const filter = seccomp === undefined ? undefined : cachedFilter(seccomp, cacheDirectory());
  const compiled = containerPlan(config, {
    id,
    root: { kind: "overlay", directories },
    layout,
    filter,
    ephemeral: options.remove,
    ownership,
    names: { extraHosts: options.extraHosts, resolver: options.resolver },
  });
  return { ...compiled, config, directories };
}

function userOf({ user, groups = [] }: ContainerOptions, image: Image): ResolvedUser {
  const read = readerBelow(image.lowerDirectories);
  const resolved = resolveUser(user ?? image.config.user, read);
  return { ...resolved, additionalGids: [...resolved.additionalGids, ...resolveGroups(groups, read)] };
}
