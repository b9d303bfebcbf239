/** System calls on processes, threads, signals, time, and what a C library asks for before main. */
import { call, none, type SystemCallRow, svc, unix } from "./row.ts";

const RUNTIME = none("Language Environment keeps it in its own control blocks");

export const PROCESS_CALLS: readonly SystemCallRow[] = [
  call(13, "rt_sigaction", "signum, act, oldact, sigsetsize", "do_sigaction", unix("BPX1SIA"), {
    service: "sigaction",
    cost: "linux.call.rt_sigaction",
  }),
  call(14, "rt_sigprocmask", "how, set, oldset, sigsetsize", "set_current_blocked", unix("BPX1SPM"), {
    service: "sigprocmask",
  }),
  call(15, "rt_sigreturn", "", "restore_sigcontext", none("the signal interface routine returns by itself"), {
    service: "sigreturn",
  }),
  call(24, "sched_yield", "", "yield_task_fair, schedule", none("CALLDISP, for authorized programs"), {
    service: "sched_yield",
    cost: "linux.call.sched_yield",
  }),
  call(34, "pause", "", "schedule", unix("BPX1PAS"), { guest: "sleep" }),
  call(35, "nanosleep", "duration, rem", "hrtimer_nanosleep, schedule", svc(47, "STIMER"), {
    service: "nanosleep",
    guest: "sleep",
  }),
  call(37, "alarm", "seconds", "alarm_setitimer, hrtimer_start", unix("BPX1ALR"), { service: "alarm" }),
  call(38, "setitimer", "which, new_value, old_value", "do_setitimer, hrtimer_start", unix("BPX1STR"), {
    guest: "sleep",
  }),
  call(39, "getpid", "", "task_tgid_vnr", unix("BPX1GPI"), { service: "getpid" }),
  call(56, "clone", "flags, stack, parent_tid, child_tid, tls", "kernel_clone, copy_process", svc(42, "ATTACH"), {
    cost: "linux.fork",
    gvisor: "partly",
  }),
  call(57, "fork", "", "kernel_clone, copy_process, copy_page_range", unix("BPX1FRK"), {
    service: "fork",
    cost: "linux.fork",
  }),
  call(58, "vfork", "", "kernel_clone, wait for the child's exec", unix("BPX1SPN"), { cost: "linux.fork" }),
  call(59, "execve", "pathname, argv, envp", "bprm_execve, load_elf_binary, begin_new_exec", unix("BPX1EXC"), {
    service: "execve",
    cost: "linux.execve",
    guest: "disk",
    gvisor: "files",
  }),
  call(60, "exit", "status", "do_exit", svc(3, "EXIT"), { cost: "linux.exit" }),
  call(61, "wait4", "pid, wstatus, options, rusage", "kernel_wait4, schedule", unix("BPX1WAT"), {
    service: "wait",
    cost: "linux.call.wait4",
    guest: "sleep",
  }),
  call(62, "kill", "pid, sig", "kill_pid_info, send_signal_locked", unix("BPX1KIL"), {
    service: "kill",
    cost: "linux.call.kill",
  }),
  call(63, "uname", "buf", "copy of the uts namespace", unix("BPX1UNA"), {
    service: "uname",
    cost: "linux.call.uname",
  }),
  call(97, "getrlimit", "resource, rlim", "do_prlimit", unix("BPX1GRL")),
  call(98, "getrusage", "who, usage", "getrusage", unix("BPX1GRU"), { cost: "linux.call.getrusage", gvisor: "partly" }),
  call(101, "ptrace", "op, pid, addr, data", "ptrace_request", unix("BPX1PTR"), { gvisor: "partly" }),
  call(102, "getuid", "", "from_kuid_munged", unix("BPX1GUI"), { service: "getuid" }),
  call(105, "setuid", "uid", "commit_creds", unix("BPX1SUI"), { cost: "linux.call.setuid" }),
  call(109, "setpgid", "pid, pgid", "change_pid", unix("BPX1SPG"), { cost: "linux.call.setpgid" }),
  call(110, "getppid", "", "task_tgid_vnr of the parent", unix("BPX1GPP"), { service: "getppid" }),
  call(112, "setsid", "", "ksys_setsid", unix("BPX1SSI")),
  call(126, "capset", "hdrp, datap", "cap_capset, commit_creds", none("RACF decides by profiles")),
  call(141, "setpriority", "which, who, prio", "set_user_nice, reweight_entity", unix("BPX1SPY"), {
    gvisor: "ignored",
  }),
  call(157, "prctl", "op, arg2, arg3, arg4, arg5", "by option", none("by option: some are BPX services"), {
    service: "prctl",
    cost: "linux.call.prctl",
    gvisor: "partly",
  }),
  call(158, "arch_prctl", "op, addr", "do_arch_prctl_64: the FS base", RUNTIME, {
    service: "arch_prctl",
    gvisor: "partly",
  }),
  call(186, "gettid", "", "task_pid_vnr", unix("BPX1PTS")),
  call(202, "futex", "uaddr, futex_op, val, timeout", "futex_wait or futex_wake", svc(1, "WAIT"), {
    service: "futex",
    cost: "linux.call.futex",
    guest: "sleep",
    gvisor: "partly",
  }),
  call(
    203,
    "sched_setaffinity",
    "pid, cpusetsize, mask",
    "set_cpus_allowed, migration",
    none("HiperDispatch places work"),
    {
      gvisor: "ignored",
    },
  ),
  call(218, "set_tid_address", "tidptr", "stores the address", RUNTIME, { service: "set_tid_address" }),
  call(228, "clock_gettime", "clockid, tp", "none: the vDSO answers in user mode", svc(11, "TIME"), {
    service: "clock_gettime",
    cost: "linux.call.clock_gettime",
  }),
  call(231, "exit_group", "status", "do_group_exit, exit_mm, exit_notify", svc(3, "EXIT"), {
    service: "exit",
    cost: "linux.exit",
  }),
  call(273, "set_robust_list", "head, len", "stores the address", RUNTIME, { service: "set_robust_list" }),
  call(302, "prlimit64", "pid, resource, new_limit, old_limit", "do_prlimit", unix("BPX1GRL"), {
    service: "prlimit",
    cost: "linux.call.prlimit64",
  }),
  call(314, "sched_setattr", "pid, attr, flags", "__sched_setscheduler", none("the service class decides"), {
    gvisor: "ignored",
  }),
  call(
    317,
    "seccomp",
    "operation, flags, args",
    "seccomp_set_mode_filter",
    none("SVC screening refuses numbers by task"),
  ),
  call(318, "getrandom", "buf, buflen, flags", "get_random_bytes_user", none("ICSF gives random numbers"), {
    service: "getrandom",
    cost: "linux.call.getrandom",
  }),
  call(334, "rseq", "rseq, rseq_len, flags, sig", "stores the address", RUNTIME, { service: "rseq", gvisor: "partly" }),
  call(434, "pidfd_open", "pid, flags", "pidfd_create", none("a process is named by number, a task by its TCB"), {
    cost: "linux.call.pidfd_open",
  }),
  call(435, "clone3", "cl_args, size", "kernel_clone, copy_process", svc(42, "ATTACH"), {
    cost: "linux.fork",
    gvisor: "partly",
  }),
];
