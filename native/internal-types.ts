/** Shapes that the door to the kernel (native/kernel.ts) keeps to itself. */
import type {
  DescriptorPoll,
  ExitRecord,
  FoundFile,
  KvmGuestOptions,
  KvmGuestReport,
  OnPause,
  StartedProcess,
  TracerHandle,
  TracerOptions,
} from "./kernel-types.ts";
import type { Plan } from "./plan/plan.ts";

/** What the addon exports; each file of native/addon makes a part of it. */
export interface Addon {
  spawnLauncher(options: { path: string }): { pid: number; socket: number };
  reap(options: { pid: number }): number | undefined;
  openPidfd(options: { pid: number }): number;
  sendSignal(options: { pidfd: number; signal: number }): void;
  sendMessage(options: { socket: number; data: Uint8Array; descriptors: readonly number[] }): void;
  receiveMessage(options: { socket: number }): { data: Buffer; descriptors: number[] } | null | undefined;
  sealedMemory(options: { data: Uint8Array }): number;
  Poll: new (options: { fd: number; events: number; onReady: () => void }) => DescriptorPoll;
  duplicate(options: { fd: number }): number;
  openPipe(): { readFd: number; writeFd: number };
  openBelow(options: { root: string; path: string }): number;
  lookBelow(options: { root: string; path: string }): FoundFile;
  lockFile(options: { path: string; wait: number }): number | undefined;
  makeFifo(options: { path: string }): void;
  readAttribute(options: { path: string; name: string }): Buffer | undefined;
  setWindowSize(options: { fd: number; columns: number; rows: number }): void;
  attachDeviceFilter(options: { path: string; program: Uint8Array }): void;
  openEventCounter(): number;
  measureTscKhz(): number;
  runKvmGuest(options: KvmGuestOptions): Promise<KvmGuestReport>;
  Tracer: new (
    options: Omit<TracerOptions, "follow" | "fromExec"> & { readonly follow: number; readonly fromExec: number },
  ) => TracerHandle;
}

/** A start that has been asked for, until its end is known. */
export interface Pending {
  readonly plan: Plan;
  readonly resolve: (process: StartedProcess) => void;
  readonly reject: (error: unknown) => void;
  readonly onPause: OnPause | undefined;
  /** Why its onPause gave up. */
  cancelled?: { readonly reason: unknown };
  exit?: (record: ExitRecord) => void;
  pidfd?: number;
  terminalFd?: number;
}
