/** config-linux.md, Seccomp: reading a profile. What it means for each call is decided in plan/seccomp. */
import {
  exactUint64,
  filledList,
  integer,
  keyOf,
  list,
  Misfit,
  object,
  optional,
  required,
  text,
  UINT16,
} from "./readers.ts";
import type { SeccompAction, SeccompArgument, SeccompOperator, SeccompProfile, SeccompRule } from "./seccomp.ts";

/** Each action, and whether it carries an errno (or a message to the tracer) with it. */
export const SECCOMP_ACTIONS: Readonly<Record<SeccompAction, { readonly carriesErrno: boolean }>> = {
  SCMP_ACT_KILL: { carriesErrno: false },
  SCMP_ACT_KILL_PROCESS: { carriesErrno: false },
  SCMP_ACT_KILL_THREAD: { carriesErrno: false },
  SCMP_ACT_TRAP: { carriesErrno: false },
  SCMP_ACT_ERRNO: { carriesErrno: true },
  SCMP_ACT_TRACE: { carriesErrno: true },
  SCMP_ACT_ALLOW: { carriesErrno: false },
  SCMP_ACT_LOG: { carriesErrno: false },
  SCMP_ACT_NOTIFY: { carriesErrno: false },
};

/** Each operator as it is read aloud. */
export const SECCOMP_OPERATORS: Readonly<Record<SeccompOperator, string>> = {
  SCMP_CMP_NE: "is not",
  SCMP_CMP_LT: "is less than",
  SCMP_CMP_LE: "is at most",
  SCMP_CMP_EQ: "is",
  SCMP_CMP_GE: "is at least",
  SCMP_CMP_GT: "is more than",
  SCMP_CMP_MASKED_EQ: "is, under a mask,",
};

/** seccomp(2); numbers of linux/seccomp.h. */
export const SECCOMP_FLAGS = {
  SECCOMP_FILTER_FLAG_TSYNC: 0x01,
  SECCOMP_FILTER_FLAG_LOG: 0x02,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 0x04,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 0x20,
} as const;

/** All that libseccomp names, whether a kernel of ours serves them or not: a profile may be for several machines. */
export const SECCOMP_ARCHITECTURES = Object.fromEntries(
  "X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC PARISC64 RISCV64 SH SHEB"
    .split(" ")
    .map((name) => [`SCMP_ARCH_${name}`, name]),
);

const action = keyOf("an action", SECCOMP_ACTIONS);

const argument = object<SeccompArgument>({
  index: required(integer(0, 5)),
  value: required(exactUint64),
  valueTwo: optional(exactUint64),
  op: required(keyOf("an operator", SECCOMP_OPERATORS)),
});

const fields = object<SeccompRule>({
  names: required(filledList("the names of system calls", text)),
  action: required(action),
  errnoRet: optional(UINT16),
  args: optional(list(argument)),
});

function rule(value: unknown): SeccompRule {
  const found = fields(value);
  carries(found.action, found.errnoRet, "errnoRet");
  return found;
}

/** "When the action doesn't support an errno, the runtime MUST print an error and fail." */
function carries(by: SeccompAction, errno: number | undefined, field: string): void {
  if (errno === undefined || SECCOMP_ACTIONS[by].carriesErrno) return;
  throw new Misfit(`${by} has no errno to return`, [field], "leave it out, or use SCMP_ACT_ERRNO");
}

const profile = object<SeccompProfile>({
  defaultAction: required(action),
  defaultErrnoRet: optional(UINT16),
  architectures: optional(list(keyOf("an architecture", SECCOMP_ARCHITECTURES))),
  flags: optional(list(keyOf("a flag", SECCOMP_FLAGS))),
  listenerPath: optional(text),
  listenerMetadata: optional(text),
  syscalls: optional(list(rule)),
});

/** Reads linux.seccomp. */
export function seccompProfile(value: unknown): SeccompProfile {
  const found = profile(value);
  carries(found.defaultAction, found.defaultErrnoRet, "defaultErrnoRet");
  const { listenerPath = "", listenerMetadata = "", syscalls = [], defaultAction } = found;
  if (listenerMetadata !== "" && listenerPath === "") {
    throw new Misfit("there is no listenerPath that it could be sent to", ["listenerMetadata"]);
  }
  if (defaultAction === "SCMP_ACT_NOTIFY") {
    throw new Misfit(
      "SCMP_ACT_NOTIFY cannot be the default: the calls that hand over the listener would wait for it",
      ["defaultAction"],
      "name the calls that the listener is to answer in a rule",
    );
  }
  const asks = syscalls.findIndex((one) => one.action === "SCMP_ACT_NOTIFY");
  if (asks >= 0 && listenerPath === "") {
    throw new Misfit("SCMP_ACT_NOTIFY needs a listenerPath", ["syscalls", asks, "action"], "name the agent's socket");
  }
  return found;
}
