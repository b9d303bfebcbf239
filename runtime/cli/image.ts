/**
 * `ringside image`: the images of this machine. A skin over runtime/image.
 */
import type { Command } from "commander";
import { RingsideError } from "../error.ts";
import { buildBaseImage } from "../image/base.ts";
import { BASE_IMAGE, findImage, type ImageRecord, listImages, readRecord } from "../image/image.ts";
import { buildInsideImage, INSIDE_IMAGE } from "../image/inside.ts";

/** Adds `ringside image ls | inspect | build` to the program. */
export function registerImage(program: Command): void {
  const image = program.command("image").description("the images that containers and virtual machines start from");
  image
    .command("ls")
    .alias("list")
    .description("list the images of this machine")
    .option("--json", "print ringside.images/1 instead of a table")
    .action((options: { json?: boolean }) => {
      process.stdout.write(options.json === true ? imagesJson(listImages()) : imagesTable(listImages()));
    });
  image
    .command("inspect")
    .description("print one image as JSON: where its files lie, its defaults, what it was made from")
    .argument("[name]", "the image", BASE_IMAGE)
    .action((name: string) => {
      process.stdout.write(inspectJson(name));
    });
  image
    .command("build")
    .description(`make ${BASE_IMAGE} again from what this machine has; nothing is downloaded`)
    .option("--from-host", "from the host's own programs and libraries, even where a static busybox is installed")
    .option("--inside", `make ${INSIDE_IMAGE} instead: Ringside itself, for containers inside a virtual machine`)
    .action((options: { fromHost?: boolean; inside?: boolean }) => {
      const made = options.inside === true ? buildInsideImage() : build(options.fromHost === true);
      process.stdout.write(`${made.name} ${made.id}\nmade from ${made.builtFrom}\n`);
    });
}

function build(fromHost: boolean) {
  try {
    return buildBaseImage(fromHost ? { busybox: "none" } : {});
  } catch (cause) {
    throw new RingsideError(`make the image ${BASE_IMAGE}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      fix: "apt-get install busybox-static",
    });
  }
}

function imagesJson(images: readonly ImageRecord[]): string {
  const rows = images.map(({ name, id, builtFrom, createdAt }) => ({ name, id, builtFrom, createdAt }));
  return `${JSON.stringify({ schema: "ringside.images/1", images: rows }, null, 2)}\n`;
}

function imagesTable(images: readonly ImageRecord[]): string {
  const rows = [
    ["IMAGE", "ID", "CREATED", "MADE FROM"],
    ...images.map((image) => [
      image.name,
      image.id.slice("sha256:".length, "sha256:".length + 12),
      image.createdAt.slice(0, 19).replace("T", " "),
      image.builtFrom,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ")}\n`).join("");
}

function inspectJson(name: string): string {
  const image = findImage(name);
  const record = readRecord(name);
  if (image === undefined || record === undefined) {
    throw new RingsideError(`inspect the image ${name}: there is none of that name here`, {
      fix: name === BASE_IMAGE ? "ringside image build" : "ringside image ls",
    });
  }
  const { createdAt, inputs } = record;
  return `${JSON.stringify({ schema: "ringside.image/1", ...image, createdAt, inputs }, null, 2)}\n`;
}
