/**
 * Seccomp as the OCI runtime specification writes it (config-linux.md, Seccomp): which system calls a container may
 * make, with which arguments, and what happens otherwise. Types only; the compiler is in plan/seccomp.
 */

export type SeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_NOTIFY";

export type SeccompOperator =
  | "SCMP_CMP_NE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_MASKED_EQ";

export interface SeccompArgument {
  /** Which argument of the call: 0 to 5. */
  readonly index: number;
  /** What it is compared with; for SCMP_CMP_MASKED_EQ the mask. 64 bits, so a bigint where a number is too small. */
  readonly value: number | bigint;
  /** Only for SCMP_CMP_MASKED_EQ: what the masked argument must be. */
  readonly valueTwo?: number | bigint;
  readonly op: SeccompOperator;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  /** The errno of SCMP_ACT_ERRNO, the message of SCMP_ACT_TRACE; EPERM if missing. */
  readonly errnoRet?: number;
  /** All must hold. Conditions on the same argument are alternatives, as in runc. */
  readonly args?: readonly SeccompArgument[];
}

export interface SeccompProfile {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  /** `SCMP_ARCH_X86_64` and so on. The kernel's own is always included. */
  readonly architectures?: readonly string[];
  /** `SECCOMP_FILTER_FLAG_TSYNC` and so on (seccomp(2)). */
  readonly flags?: readonly string[];
  /** A Unix socket that is sent the descriptor of SCMP_ACT_NOTIFY, with the container's state. */
  readonly listenerPath?: string;
  /** Sent along. */
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly SeccompRule[];
}
