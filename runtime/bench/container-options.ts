/** The container that every comparison starts: what `ringside run --rm` would be asked for, with the bench's limits. */
import type { ContainerOptions } from "../container/options.ts";
import type { Workbench } from "./system.ts";

/**
 * @param bench gives the image and the limits
 * @param command what is to run in it
 */
export function benchContainer(
  { image, memoryBytes, pidsLimit }: Pick<Workbench, "image" | "memoryBytes" | "pidsLimit">,
  command: readonly string[],
): ContainerOptions {
  return {
    image: image.name,
    command,
    env: [],
    memoryBytes,
    pidsLimit,
    readOnly: false,
    network: "none",
    remove: true,
  };
}
