/** The part of the kernel's command line that every guest gets, whatever its monitor. */

/**
 * What the guest's kernel is told, beside its console and its init (Documentation/admin-guide/kernel-parameters.txt).
 * Under emulation a third of a distribution kernel's boot is self-tests, which this guest has no use for.
 */
export const KERNEL_ARGUMENTS = [
  "rdinit=/ringside/init",
  // The console belongs to the program: nothing but a panic may appear on it, and a panic ends the machine.
  "quiet loglevel=1 panic=-1",
  "cryptomgr.notests initcall_blacklist=jent_mod_init",
  // The watchdog would compare the TSC with a tick that emulation delivers late, and give the TSC up.
  "tsc=reliable",
  "audit=0",
] as const;
