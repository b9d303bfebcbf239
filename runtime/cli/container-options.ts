/** The options of `run` and `explain`, by Docker's names. docker-run(1). */
import type { Command } from "commander";
import {
  type ContainerOptions,
  parseCount,
  parseCpus,
  parseEnv,
  parseMemory,
  parseNetwork,
} from "../container/options.ts";

/** As commander hands them over. */
export interface ContainerFlags {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly name?: string;
  readonly hostname?: string;
  readonly env: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly pidsLimit?: string;
  readonly readOnly?: boolean;
  readonly network: string;
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** Adds the options to `command`; what follows IMAGE belongs to the program. */
export function addContainerOptions(command: Command): Command {
  return command
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "give it a terminal of its own")
    .option("--rm", "remove the container when it ends")
    .option("--name <name>", "a name to call it by")
    .option("-h, --hostname <name>", "its hostname (default: its id)")
    .option("-e, --env <NAME=value>", "set a variable; NAME alone passes the caller's on", collect, [])
    .option("-w, --workdir <path>", "its working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number")
    .option("-m, --memory <amount>", "limit its memory, such as 64m")
    .option("--cpus <number>", "limit its processor time, such as 0.5")
    .option("--pids-limit <number>", "limit its processes and threads")
    .option("--read-only", "make its root file system read-only")
    .option("--network <none|host>", "its own network with a loopback only, or the host's", "none")
    .passThroughOptions();
}

/** @throws RingsideError naming the option whose value makes no sense */
export function containerOptions(
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
): Omit<ContainerOptions, "terminal" | "stdio"> {
  const { name, hostname, workdir, user, memory, cpus, pidsLimit } = flags;
  return {
    image,
    command,
    env: flags.env.flatMap((entry) => parseEnv(entry) ?? []),
    readOnly: flags.readOnly === true,
    network: parseNetwork(flags.network),
    remove: flags.rm === true,
    ...(name !== undefined && { name }),
    ...(hostname !== undefined && { hostname }),
    ...(workdir !== undefined && { cwd: workdir }),
    ...(user !== undefined && { user }),
    ...(memory !== undefined && { memoryBytes: parseMemory(memory) }),
    ...(cpus !== undefined && { cpus: parseCpus(cpus) }),
    ...(pidsLimit !== undefined && { pidsLimit: parseCount(pidsLimit, "a number of processes") }),
  };
}
