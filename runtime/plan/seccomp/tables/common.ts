/**
 * System calls that have the same number on every architecture: all since Linux 5.1, here up to 6.18.
 * Facts from the kernel's include/uapi/asm-generic/unistd.h.
 */
import { numbered } from "./numbered.ts";

/** Parsed on demand: a filter that is in the cache needs no tables. */
export const commonCalls = () =>
  numbered(`
424 pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount
433 fspick pidfd_open clone3 close_range openat2 pidfd_getfd faccessat2 process_madvise epoll_pwait2 mount_setattr
443 quotactl_fd landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret process_mrelease
449 futex_waitv set_mempolicy_home_node cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue
457 statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat
465 listxattrat removexattrat open_tree_attr file_getattr file_setattr
`);
