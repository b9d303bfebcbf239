/** The options of `ringside vm run`: Docker's by Docker's names, and what a machine has beside them. docker-run(1). */
import { type Command, Option } from "commander";
import { parseCount, parseEnv, parseMemory, parseWorkdir } from "../container/options.ts";
import { readEnvFile } from "../container/process-arguments.ts";
import { RingsideError } from "../error.ts";
import { FOREIGN_ARCHITECTURES, type ForeignArchitecture } from "../image/foreign.ts";
import type { VmOptions } from "../vm/options.ts";
import { parsePort } from "../vm/ports.ts";
import {
  type AcceleratorName,
  MACHINE_TYPES,
  type MachineType,
  ROOT_KINDS,
  type RootKind,
  VMM_NAMES,
  type VmmName,
} from "../vm/vmm.ts";
import { collect } from "./container-options.ts";

export interface VmRunFlags {
  readonly detach?: boolean;
  readonly name?: string;
  readonly rm?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly hostname?: string;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly memory?: string;
  readonly publish: readonly string[];
  readonly vmm: "auto" | VmmName;
  readonly machine: MachineType;
  readonly arch?: ForeignArchitecture;
  readonly kernel?: string;
  readonly accelerator: AcceleratorName | "auto";
  readonly root?: RootKind;
  readonly agent?: boolean;
  readonly cidfile?: string;
  readonly logOpt: readonly string[];
  readonly timeout?: string;
  readonly timeline?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const MS_PER_SECOND = 1000;

/** Adds them. */
export function addVmOptions(command: Command): Command {
  return command
    .option("-d, --detach", "leave it running and print its id; see logs, attach, wait")
    .option("--name <name>", "its name among virtual machines (default: its id)")
    .option("--rm", "keep no record of it when it has ended")
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "make the console a terminal")
    .option("-h, --hostname <name>", "its hostname (default: its id)")
    .option("-e, --env <NAME=value>", "set a variable; NAME alone passes the caller's on", collect, [])
    .option("--env-file <file>", "set the variables that a file has, one a line", collect, [])
    .option("-w, --workdir <path>", "the program's working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number")
    .option("-m, --memory <amount>", "the machine's memory, such as 512M (default: 256M)")
    .option("-p, --publish <[address:]host:guest[/udp]>", "lead a port of this host to one of the guest", collect, [])
    .addOption(new Option("--vmm <name>", "what runs the machine").choices(["auto", ...VMM_NAMES]).default("auto"))
    .addOption(new Option("--machine <type>", "what QEMU emulates").choices(MACHINE_TYPES).default("microvm"))
    .addOption(
      new Option("--arch <name>", "a processor other than this machine's, emulated; its image: ringside/s390x").choices(
        FOREIGN_ARCHITECTURES,
      ),
    )
    .option("--kernel <file>", "boot this Linux kernel (default: the one that the set-up has fetched)")
    .addOption(
      new Option("--accelerator <name>", "how it runs; auto decides by a booted probe")
        .choices(["auto", "kvm", "tcg"])
        .default("auto"),
    )
    .addOption(
      new Option("--root <kind>", "the root file system: in memory, or a disk below a writable overlay").choices(
        ROOT_KINDS,
      ),
    )
    .option("--agent", "let others run programs in it, stop it and ask it (default: with -d, -i, -t, -p or --name)")
    .option("--no-agent", "boot a tenth faster, without that")
    .option("--cidfile <file>", "write its id to a file that does not exist yet")
    .option("--log-opt <name=value>", "bounds of the log with -d: max-size=8m, max-file=3", collect, [])
    .option("--timeout <seconds>", "how long the boot may take (default: 60)")
    .option("--timeline <file>", "write the boot as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .option("-q, --quiet", "do not print the stages of the boot")
    .option("--json", "with --vmm tiny: print what it did as ringside.tiny/1");
}

/**
 * The agent's devices need ACPI, which costs the boot a tenth: a command that is run to its end and that nobody has a name
 * for does without.
 */
function wantsAgent({ agent, vmm, detach, interactive, tty, name, publish }: VmRunFlags): boolean {
  if (agent !== undefined) return agent;
  if (vmm === "firecracker") return false;
  return detach === true || interactive === true || tty === true || name !== undefined || publish.length > 0;
}

/** @throws RingsideError naming the option whose value makes no sense */
export function vmOptions(image: string, command: readonly string[], flags: VmRunFlags): VmOptions {
  const { name, hostname, workdir, user, memory, machine, accelerator, timeout, root, publish } = flags;
  if (flags.vmm === "tiny") {
    throw new RingsideError(
      `cannot boot ${image} with --vmm tiny: its guest is a few bytes of code, without a kernel`,
      {
        fix: "leave out the image to run it; leave out --vmm to boot the image",
      },
    );
  }
  if (flags.json === true) {
    throw new RingsideError("--json tells what the tiny guest did, and this is another", {
      fix: "leave it out, and ask while it runs: ringside vm inspect",
    });
  }
  const env = [...flags.envFile.flatMap(readEnvFile), ...flags.env];
  return {
    image,
    command,
    env: env.flatMap((entry) => parseEnv(entry) ?? []),
    machine,
    input: flags.interactive === true,
    remove: flags.rm === true,
    agent: wantsAgent(flags),
    ...(flags.vmm !== "auto" && { vmm: flags.vmm }),
    ...(name !== undefined && { name }),
    ...(hostname !== undefined && { hostname }),
    ...(workdir !== undefined && { cwd: parseWorkdir(workdir) }),
    ...(user !== undefined && { user }),
    ...(memory !== undefined && { memoryBytes: parseMemory(memory) }),
    ...(publish.length > 0 && { network: { forwards: publish.map(parsePort) } }),
    ...(accelerator !== "auto" && { accelerator }),
    ...(root !== undefined && { root }),
    ...(flags.arch !== undefined && { architecture: flags.arch }),
    ...(flags.kernel !== undefined && { kernel: flags.kernel }),
    ...(timeout !== undefined && { bootTimeoutMs: parseCount(timeout, "a number of seconds") * MS_PER_SECOND }),
  };
}
