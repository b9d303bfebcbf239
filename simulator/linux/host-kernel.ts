/**
 * What became faster between kernels: making a network or IPC namespace and mounting mqueue were most of a container's
 * start in 2016 and are next to nothing since (Scrivano, 2022).
 */

/** `source`: the kernel that the other figures of the start come from. */
export const HOST_KERNELS = ["source", "5.19", "4.5"] as const;
export type HostKernel = (typeof HOST_KERNELS)[number];

/** Ids of the costs of the steps that a kernel's version decides. */
export interface NamespaceCosts {
  readonly network: string;
  readonly ipc: string;
  readonly mqueue: string;
}

/** @returns the costs that were published for that kernel. */
export function namespaceCosts(kernel: Exclude<HostKernel, "source">): NamespaceCosts {
  return {
    network: `linux.${kernel}.networkNamespace`,
    ipc: `linux.${kernel}.ipcNamespace`,
    mqueue: `linux.${kernel}.mqueue`,
  };
}
