/** The owner of one virtual machine, to be killed by a test: prints QEMU's process id once the guest runs its program. */
import { Launcher } from "../../native/kernel.ts";
import { startVm } from "../../runtime/vm/start.ts";

const launcher = await Launcher.open();
const machine = await startVm(launcher, {
  image: "ringside/base",
  command: ["sleep", "1000"],
  env: [],
  accelerator: "tcg",
});
machine.console.onData(() => {});
await machine.booted;
process.stdout.write(`${machine.pid}\n`);
await machine.exited;
