/** A machine of the lab that is a container: the same start as `ringside run`, with the server as its owner. */

import type { Launcher } from "../../../native/kernel.ts";
import { execInContainer } from "../../../runtime/container/exec.ts";
import type { RunningWorld } from "../../../runtime/container/running.ts";
import { startContainer } from "../../../runtime/container/start.ts";
import { removeContainer } from "../../../runtime/container/stop.ts";
import { RingsideError } from "../../../runtime/error.ts";
import { findImage } from "../../../runtime/image/image.ts";
import type { MachineRequest, StartedMachine } from "../backend.ts";
import { startedProgram } from "./program.ts";

const SHELL = ["sh"];

/** @throws RingsideError with the reason and the fix */
export async function startContainerMachine(
  launcher: Launcher,
  request: MachineRequest,
  report: (error: unknown) => void,
): Promise<StartedMachine> {
  const { name, image, command = [], memoryBytes, cpus, pidsLimit, size } = request;
  const world = await startContainer(launcher, {
    image,
    command,
    name,
    hostname: name,
    env: [],
    memoryBytes,
    ...(cpus === undefined ? {} : { cpus }),
    ...(pidsLimit === undefined ? {} : { pidsLimit }),
    readOnly: false,
    network: "none",
    terminal: size,
    remove: true,
    labels: { "ringside.lab": "server" },
  });
  return containerMachine(launcher, world, command.length > 0 ? command : imageCommand(image), report);
}

/** A container that runs, as a machine. */
export function containerMachine(
  launcher: Launcher,
  world: RunningWorld,
  command: readonly string[],
  report: (error: unknown) => void,
): StartedMachine {
  const program = startedProgram(world, command, report);
  return {
    program,
    plan: () => ({ rows: world.planReport, timeline: world.timeline() }),
    openShell: async (terminal) => {
      const shell = await execInContainer(launcher, world.id, { command: SHELL, env: [], terminal });
      return startedProgram(shell, SHELL, report);
    },
    remove: async () => {
      world.kill("SIGKILL");
      await program.exited;
      program.stream.close();
      // Its end has removed it already, unless that failed: then it is still there, and this says why.
      await removeContainer(world.id, { force: true }).catch(ignoreGone);
    },
  };
}

/** What the image runs when nobody says what. */
export function imageCommand(name: string): readonly string[] {
  const config = findImage(name)?.config;
  return config === undefined ? [] : [...config.entrypoint, ...config.cmd];
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof RingsideError)) throw error;
}
