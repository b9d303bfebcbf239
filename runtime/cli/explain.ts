/** `ringside explain`: the plan of a container in words, without privilege and without running it. */
import type { Command } from "commander";
import { compileContainer } from "../container/compile.ts";
import type { ContainerOptions } from "../container/options.ts";
import { requireImage } from "../container/start.ts";
import { BASE_CONFIG, BASE_IMAGE, findImage, type Image } from "../image/image.ts";
import { explainJson, explainText } from "../plan/explain.ts";
import { addContainerOptions, type ContainerFlags, containerOptions } from "./container-options.ts";

/** The id of a container that does not exist. */
const EXAMPLE_ID = "000000000000";

/** Adds `ringside explain` to the program. */
export function registerExplain(program: Command): void {
  addContainerOptions(program.command("explain"))
    .description("print what a container is made of, step by step, without making it")
    .argument("<image>", "such as ringside/base")
    .argument("[command...]", "the program and its arguments (default: the image's)")
    .option("--json", "as JSON, schema ringside.explain/1")
    .helpOption("--help", "show this help")
    .action((image: string, command: readonly string[], flags: ContainerFlags & { readonly json?: boolean }) => {
      const options = {
        ...containerOptions(image, command, flags),
        ...(flags.tty === true && { terminal: { columns: 80, rows: 24 } }),
      };
      const write = (text: string): void => void process.stdout.write(text);
      if (flags.json === true) write(`${JSON.stringify(explainJson(compile(options).plan))}\n`);
      else printExplanation(options, write);
    });
}

/** The default image is known even where it has not been made, so that an ordinary user can have its plan explained. */
function imageFor(name: string): Image {
  const image = findImage(name);
  if (image !== undefined || name !== BASE_IMAGE) return image ?? requireImage(name);
  return {
    name,
    id: "not made yet",
    lowerDirectories: [`${BASE_IMAGE} (not made yet)`],
    config: BASE_CONFIG,
    builtFrom: "",
  };
}

function compile(options: ContainerOptions): ReturnType<typeof compileContainer> {
  return compileContainer(EXAMPLE_ID, options, imageFor(options.image));
}

/** Prints the plan of `options` in words. */
export function printExplanation(options: ContainerOptions, write: (text: string) => void): void {
  const { plan, config, notes } = compile(options);
  write(explainText(plan, config.process.args, notes));
}
