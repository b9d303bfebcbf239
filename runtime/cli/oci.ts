/** `ringside oci …`: the command line of an OCI runtime, which has a parser and exit codes of its own. */
import type { Command } from "commander";
import { ociCommandLine } from "./oci/command-line.ts";

/** `node cli.js oci ARGS…` */
const ARGUMENTS_AT = 3;

/** Adds `ringside oci` to the program: all that follows is its own. */
export function registerOci(program: Command): void {
  program
    .command("oci")
    .description("what podman, docker and containerd call: an OCI runtime's command line (oci --help)")
    .argument("[arguments...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async () => {
      process.exitCode = await ociCommandLine(process.argv.slice(ARGUMENTS_AT));
    });
}
