/**
 * Another operating system on top of one that runs: what a program of it needs, and which of it a world can give. A program
 * is a file in some format, for some processor, that asks some kernel for services by its numbers; an operating system
 * is that kernel. Where the kernel is shared, only programs that ask for its own services run (execve(2), ENOEXEC).
 */

export interface OtherSystem {
  readonly name: string;
  readonly title: string;
  readonly processor: "x86-64" | "z/Architecture";
  /** What its programs are: `ELF` of Linux, of FreeBSD (another brand in the same format), PE, a program object. */
  readonly format: string;
  /** Whether the host's Linux can answer its programs. */
  readonly asksLinux: boolean;
  /** Whether it brings a kernel, or a part of one, that has to be loaded. */
  readonly ownKernel: boolean;
  /** Its kernel's time to its first program, where that was published. */
  readonly kernelCost?: string;
}

export const OTHER_SYSTEMS: readonly OtherSystem[] = [
  {
    name: "linux-distribution",
    title: "another distribution of Linux",
    processor: "x86-64",
    format: "ELF",
    asksLinux: true,
    ownKernel: false,
    kernelCost: "vm.firecracker.m5d.kernel",
  },
  {
    name: "linux-kernel",
    title: "a Linux with a kernel of its own choice",
    processor: "x86-64",
    format: "ELF",
    asksLinux: true,
    ownKernel: true,
    kernelCost: "vm.firecracker.m5d.kernel",
  },
  {
    name: "freebsd",
    title: "FreeBSD",
    processor: "x86-64",
    format: "ELF, brand FreeBSD",
    asksLinux: false,
    ownKernel: true,
    kernelCost: "vm.freebsd.kernel",
  },
  {
    name: "windows",
    title: "Windows",
    processor: "x86-64",
    format: "PE",
    asksLinux: false,
    ownKernel: true,
  },
  {
    name: "zos",
    title: "z/OS",
    processor: "z/Architecture",
    format: "program object",
    asksLinux: false,
    ownKernel: true,
  },
];

/** @throws RangeError where there is none of that name */
export function otherSystem(name: string): OtherSystem {
  const found = OTHER_SYSTEMS.find((system) => system.name === name);
  if (found === undefined) throw new RangeError(`there is no system ${name}`);
  return found;
}

/** How a world answers: it runs, with how many kernels more; or why it does not. */
export type Answer =
  | { readonly kind: "runs"; readonly kernelsMore: number; readonly why: string }
  /** By which system call; empty where it is the processor that does not know its instructions. */
  | { readonly kind: "refused"; readonly call: string; readonly error: string; readonly why: string };

/** @returns whether its programs run where the host's Linux is the only kernel: as processes, and in containers. */
export function onSharedKernel({ asksLinux, ownKernel, format, processor }: OtherSystem): Answer {
  if (!asksLinux) {
    const why = `the kernel knows no ${format} for ${processor}: no handler of binary formats takes it (binfmt)`;
    return { kind: "refused", call: "execve", error: "ENOEXEC", why };
  }
  if (ownKernel) {
    const why = "its programs would run, but its kernel would have to be loaded in place of the one that runs";
    return { kind: "refused", call: "kexec_load", error: "EPERM", why };
  }
  return { kind: "runs", kernelsMore: 0, why: "another file tree on the same kernel: uname(2) tells the host's" };
}

/** @returns whether it runs in a machine of an x86-64 host. */
export function inMachine({ processor, title }: OtherSystem): Answer {
  if (processor !== "x86-64") {
    const why = `${title} is for ${processor}: a hypervisor lends the processor that there is, and another one has to be emulated`;
    return { kind: "refused", call: "", error: "wrong processor", why };
  }
  return { kind: "runs", kernelsMore: 1, why: "it boots its own kernel, which believes to have a machine" };
}

/** @returns whether it runs beside z/OS on a machine of IBM: in a partition, or a guest of z/VM. */
export function onMainframe({ name, processor, asksLinux }: OtherSystem): Answer {
  if (name === "zos") return { kind: "runs", kernelsMore: 1, why: "z/OS itself is a guest of PR/SM, or of z/VM" };
  if (asksLinux && processor === "x86-64") {
    const why =
      "built for this processor, Linux runs in a partition, under z/VM, or as zCX: a Linux guest that is an address space";
    return { kind: "runs", kernelsMore: 1, why };
  }
  return { kind: "refused", call: "", error: "wrong processor", why: `there is none of it for z/Architecture` };
}
