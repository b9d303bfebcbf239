/**
 * The arguments of the destination: those of the source, read from the kernel (proc(5), cmdline), so that it has the same
 * machine with the same devices in the same places, which is what QEMU asks for (docs/devel/migration.rst). What may
 * not be the same is changed: sockets lie elsewhere, files are added to and not emptied, ports of the host are still the
 * source's, and nothing is booted.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { RingsideError, reasonOf } from "../../error.ts";

/** Options of the source that are not the destination's, with how many values each has. */
const LEFT_OUT: ReadonlyMap<string, number> = new Map([
  // The guest has long unpacked it.
  ["-initrd", 1],
  // The source may have been a destination itself.
  ["-incoming", 1],
  ["-S", 0],
]);

/**
 * @param source all arguments of the source's QEMU, the program first
 * @param place the directory where the destination is to make its sockets
 * @returns those of the destination, which waits for `migrate-incoming` and then for `cont`
 * @throws RingsideError where these are not arguments of a QEMU of ours
 */
export function destinationArguments(source: readonly string[], place: string): string[] {
  const from = socketPlace(source);
  const kept: string[] = [];
  for (let index = 0; index < source.length; index++) {
    const [option = "", value = ""] = source.slice(index);
    const values = LEFT_OUT.get(option);
    if (values !== undefined) index += values;
    else if (option === "-chardev") {
      kept.push(option, movedCharacterDevice(value, from, place));
      index++;
    } else if (option === "-netdev") {
      kept.push(option, withoutForwards(value));
      index++;
    } else kept.push(option);
  }
  return [...kept, "-S", "-incoming", "defer"];
}

/** Where the source makes its sockets: the one for QMP is there in any case. */
export function socketPlace(source: readonly string[]): string {
  for (const value of source) {
    const [, path] = /^socket,id=qmp,path=((?:[^,]|,,)+)/.exec(value) ?? [];
    if (path !== undefined) return dirname(path.replaceAll(",,", ","));
  }
  throw new RingsideError("cannot find out how the virtual machine was started: its QEMU has no socket for QMP", {
    fix: "ringside vm ps shows which machines are Ringside's",
  });
}

/** `file,id=…,path=…` or `socket,id=…,path=…,server=on,wait=off`. */
function movedCharacterDevice(value: string, from: string, to: string): string {
  if (value.startsWith("file,")) return isOption(value, "append=on") ? value : `${value},append=on`;
  if (!value.startsWith("socket,")) return value;
  return value.replace(`path=${escaped(from)}/`, () => `path=${escaped(to)}/`);
}

function withoutForwards(value: string): string {
  return splitOptions(value)
    .filter((option) => !option.startsWith("hostfwd="))
    .join(",");
}

function isOption(value: string, option: string): boolean {
  return splitOptions(value).includes(option);
}

/** A comma that belongs to a value is written twice. */
function splitOptions(value: string): string[] {
  return value.split(/(?<!,),(?!,)/);
}

function escaped(path: string): string {
  return path.replaceAll(",", ",,");
}

/**
 * The arguments that a process was started with.
 *
 * @throws RingsideError where it has gone
 */
export function argumentsOfProcess(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch (cause) {
    throw new RingsideError(`cannot read how the virtual machine was started: ${reasonOf(cause)}`, {
      cause,
      fix: "ringside vm ps shows whether it still runs",
    });
  }
}
