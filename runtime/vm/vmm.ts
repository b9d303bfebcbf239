/**
 * What a virtual machine monitor is to Ringside: the one interface behind which QEMU, Firecracker and our own tiny guest
 * stand. Only words and shapes are here; who stands behind is in vmm/registry.ts.
 */
import type { ExitRecord, Launcher } from "../../native/kernel.ts";
import type { Plan } from "../../native/plan/plan.ts";
import type { Console } from "./console.ts";
import type { VmDirectory } from "./directory.ts";
import type { GuestFiles } from "./guest-files.ts";
import type { MilestoneReader } from "./milestones.ts";
import type { RunFile } from "./run-file.ts";

export const VMM_NAMES = ["qemu", "firecracker", "tiny"] as const;
export type VmmName = (typeof VMM_NAMES)[number];

/** The machines that QEMU emulates for us; the other monitors know one each, which goes by their own name. */
export const MACHINE_TYPES = ["microvm", "q35"] as const;

/** The machine of another processor, which `--arch s390x` asks for: a mainframe's, with virtio and a service processor. */
export const FOREIGN_MACHINE = "s390-ccw-virtio";

export type MachineType = (typeof MACHINE_TYPES)[number] | typeof FOREIGN_MACHINE;

export const ACCELERATOR_NAMES = ["kvm", "tcg"] as const;
export type AcceleratorName = (typeof ACCELERATOR_NAMES)[number];

/** How each accelerator is called wherever people read it. */
export const ACCELERATOR_LABELS: Readonly<Record<AcceleratorName, string>> = {
  kvm: "hardware KVM",
  tcg: "software emulation (TCG)",
};

/** How the guest gets its root file system: unpacked into memory, or as a read-only disk below a writable overlay. */
export const ROOT_KINDS = ["initramfs", "erofs", "squashfs"] as const;
export type RootKind = (typeof ROOT_KINDS)[number];

/** The roots that are disks. */
export type DiskKind = Exclude<RootKind, "initramfs">;

/** A port of the host that leads to one of the guest, through the monitor's own network stack. */
export interface PortForward {
  /** IPv4; the loopback's unless another one was asked for. */
  readonly address: string;
  /** 0 where the kernel is to choose. */
  readonly hostPort: number;
  readonly guestPort: number;
  readonly protocol: "tcp" | "udp";
}

/** The devices that somebody has asked for; each costs the boot time, so none is there unasked. */
export interface GuestDevices {
  /** The ports `ringside.0` … of virtio-serial, each with a socket in the state directory (directory.ts). */
  readonly agent?: boolean;
  readonly network?: GuestNetwork;
  /** A read-only virtio-blk disk with the root file system; without one the root is the initramfs. */
  readonly disk?: { readonly path: string; readonly kind: DiskKind };
}

/** virtio-net with user-mode networking: see GUEST_NETWORK for the guest's addresses. */
export interface GuestNetwork {
  readonly forwards: readonly PortForward[];
  /**
   * The guest may reach what this user reaches, and through its gateway the services on the host's own loopback. False
   * unless given: it answers what comes in, and reaches nobody.
   */
  readonly reachesOut?: boolean;
}

/** The network that QEMU's user-mode stack makes: qemu(1), `-netdev user`. */
export const GUEST_NETWORK = {
  address: "10.0.2.15",
  prefixLength: 24,
  gateway: "10.0.2.2",
  nameServer: "10.0.2.3",
} as const;

/** One guest to be started. */
export interface GuestRequest {
  readonly files: GuestFiles;
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName;
  readonly memoryBytes: number;
  readonly bootTimeoutMs: number;
  readonly run: Omit<RunFile, "nonce">;
  /** Stands at the head of each milestone; new for each start. */
  readonly nonce: string;
  /** Made, and empty; the caller keeps owning it. */
  readonly directory: VmDirectory;
  readonly devices: GuestDevices;
  /** `serial` is ttyS0, there from the kernel's first line on; `virtio` is hvc0. */
  readonly console: "serial" | "virtio";
  /**
   * It outlives this process: milestones, requests and the monitor's own words are a file, a socket and a file in the
   * state directory, and whoever wraps the plan of its process looks after the console. Else they are pipes, and the
   * guest dies with this process, however that goes.
   */
  readonly detached?: { readonly wrap: (plan: Plan) => Plan };
  /** Waits for a guest that comes by live migration from there, instead of booting: QEMU's `-incoming`. */
  readonly incoming?: string;
  /** Gets the console's output instead of the guest's `console`; the caller keeps owning it. Not for a detached one. */
  readonly stdout: number | undefined;
}

/** How a guest's monitor went. */
export interface GuestEnd {
  readonly exit: ExitRecord;
  readonly timedOut: boolean;
}

/** What only the monitor can tell of a boot, CLOCK_MONOTONIC; undefined where it has not, or not yet. */
export interface MonitorStamps {
  /** The machine has been set up and its processor starts. */
  readonly processorStartNs: number | undefined;
  /** Its firmware has handed over to the kernel. */
  readonly handOverNs: number | undefined;
  /** What it said itself: warnings and errors. */
  readonly messages: readonly string[];
}

/** What a monitor says of its guest. */
export interface GuestStatus {
  readonly running: boolean;
  /** The monitor's own word: `running`, `paused`, `guest-panicked`, `inmigrate` … */
  readonly word: string;
}

/** What can be asked of a running guest's monitor, by whoever may open the state directory. */
export interface GuestControl {
  status(): Promise<GuestStatus>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Presses the power button: whether anything comes of it is the guest's affair. */
  powerdown(): Promise<void>;
  /** Ends the monitor, and with it the guest, at once. */
  quit(): Promise<void>;
  memory(): Promise<GuestMemory>;
}

export interface GuestMemory {
  /** What the guest has been given. */
  readonly assignedBytes: number;
  /** What of the host's memory the monitor and the guest take: the monitor's proportional set size (resident.ts). */
  readonly hostPssBytes: number | undefined;
}

/** A guest that has been started. */
export interface Guest {
  /** The monitor's. */
  readonly pid: number;
  /** When the launcher's fork for the monitor began, and when execve had succeeded; CLOCK_MONOTONIC. */
  readonly forkedNs: number;
  readonly monitorNs: number;
  readonly console: Console;
  readonly milestones: MilestoneReader;
  /** Settled once the program has started, or cannot any more. */
  readonly booted: Promise<void>;
  /** Settled when the monitor has gone and everything that it wrote has been read. Never rejects. */
  readonly ended: Promise<GuestEnd>;
  readonly control: GuestControl;
  /** What it has told so far. */
  monitorStamps(): MonitorStamps;
  /** Asks the guest's init: `signal 15`. */
  request(words: string): void;
  /** Ends the monitor at once. */
  destroy(): void;
}

/** One way to run the guest's instructions, and how it is known that it works. */
export interface UsableAccelerator {
  readonly name: AcceleratorName;
  readonly label: string;
  readonly reason: string;
}

/** Whether a monitor can be used on this machine, found by booting and not by looking. */
export type Usability =
  | { readonly ok: true; readonly version: string; readonly accelerators: readonly UsableAccelerator[] }
  | { readonly ok: false; readonly reason: string; readonly fix: string };

export interface UsabilityQuestion {
  /** Used for the probe; one is opened for it where none is given. */
  readonly launcher?: Launcher;
  /** Which of its machines; its usual one unless given. */
  readonly machine?: MachineType;
}

/** A monitor that can be asked whether it works here. */
export interface ProbedVmm {
  readonly name: VmmName;
  /** As people read it. */
  readonly title: string;
  usable(question?: UsabilityQuestion): Promise<Usability>;
}

/** A monitor that boots an image with a kernel of its own. */
export interface Vmm extends ProbedVmm {
  readonly machines: readonly MachineType[];
  /**
   * @returns once the monitor has been exec'd; the guest boots then
   * @throws StepError or RingsideError when it cannot be; nothing is left behind then
   */
  start(launcher: Launcher, request: GuestRequest): Promise<Guest>;
}
