/**
 * Why a program could not be executed, found by looking at it as execve(2) does: the path, the permissions, then the
 * first bytes (an ELF file of this machine with its loader, or a script with its interpreter).
 */
import { posix } from "node:path";
import { type Elf, ElfError, isElf, readElf } from "../../image/elf.ts";
import { candidates } from "../../plan/execute.ts";
import type { Finding } from "./finding.ts";
import type { Found, Look, RootView } from "./root-view.ts";

/** What was to be run, and as whom. */
export interface ProgramFacts {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gids: readonly number[];
  /** Directories that are mounted so that nothing in them can be executed. */
  readonly noExecute: readonly string[];
}

/** e_machine of elf(5) in words. */
const MACHINES: Readonly<Record<number, string>> = {
  3: "32-bit x86",
  8: "MIPS",
  20: "32-bit PowerPC",
  21: "PowerPC",
  22: "S/390",
  40: "32-bit ARM",
  62: "x86-64",
  183: "AArch64 (64-bit ARM)",
  243: "RISC-V",
  258: "LoongArch",
};

/** What a machine executes itself. */
const OWN_MACHINES: Readonly<Record<string, readonly number[]>> = { x64: [62, 3], arm64: [183, 40] };
const MACHINE_NAMES: Readonly<Record<string, string>> = { x64: "x86-64", arm64: "AArch64" };
/** Processors that a virtual machine here can have; a container has the host's. */
const VIRTUAL_MACHINES: Readonly<Record<number, string>> = { 22: "s390x" };

const ANY_EXECUTE = 0o111;
const MOST_INTERPRETERS = 4;
/** The kernel reads no more of a script's first line (BINPRM_BUF_SIZE). */
const MOST_LINE_BYTES = 256;
const CARRIAGE_RETURN = 13;

/** A path as a program would be given it. */
export function absolute(path: string, cwd: string): string {
  return posix.isAbsolute(path) ? path : posix.join(cwd, path);
}

function missing(asked: string, look: Extract<Look, { kind: "missing" }>): string {
  if (look.link !== undefined) return `the link ${look.link} points to ${look.component}, which is not there`;
  return look.component === asked ? "it is not there" : `there is no ${look.component}`;
}

/** Why a path leads to no file; undefined where it does. */
function problemOfPath(path: string, look: Look, what: string): Finding | undefined {
  switch (look.kind) {
    case "missing":
      return {
        kind: "not-found",
        sentence: `${what} ${path} was not found: ${missing(path, look)}`,
        path,
        fix: "check the spelling, and that the image has it",
      };
    case "through-file":
      return {
        kind: "through-file",
        sentence: `${what} ${path} was not found: ${look.component} is a file, not a directory`,
        path: look.component,
        fix: "check the path",
      };
    case "loop":
      return { kind: "link-loop", sentence: `${what} ${path} is a link that leads in a circle`, path };
    case "directory":
      return {
        kind: "directory",
        sentence: `${what} ${path} is a directory, which is not executable`,
        path,
        fix: "give a program in it",
      };
    case "other":
      return {
        kind: "not-a-program",
        sentence: `${what} ${path} is a device, a pipe or a socket, not a file`,
        path,
        fix: "give a program",
      };
    case "file":
      return undefined;
  }
}

/** The bits of a mode that hold for this user: chmod(2). */
function mayExecute({ mode, uid, gid }: Found, facts: ProgramFacts): boolean {
  if (facts.uid === 0) return (mode & ANY_EXECUTE) !== 0;
  if (facts.uid === uid) return (mode & 0o100) !== 0;
  return (mode & (facts.gids.includes(gid) ? 0o010 : 0o001)) !== 0;
}

function problemOfPermission(view: RootView, path: string, look: Found, facts: ProgramFacts): Finding | undefined {
  const mode = `0${(look.mode & 0o7777).toString(8)}`;
  if ((look.mode & ANY_EXECUTE) === 0) {
    const fix = `chmod +x ${look.path} in the image`;
    return { kind: "not-executable", sentence: `${path} is not executable: its mode is ${mode}`, path, fix };
  }
  if (!mayExecute(look, facts)) {
    const whose = `its mode is ${mode}, its owner ${look.uid}:${look.gid}`;
    const sentence = `user ${facts.uid} may not execute ${path}: ${whose}`;
    return {
      kind: "not-executable",
      sentence,
      path,
      fix: "run it as another user (-u), or change its mode in the image",
    };
  }
  const closed = facts.uid === 0 ? undefined : closedDirectory(view, look.path, facts);
  if (closed !== undefined) {
    const sentence = `user ${facts.uid} may not enter ${closed}, where ${path} lies`;
    return { kind: "not-executable", sentence, path: closed, fix: "run it as another user (-u)" };
  }
  const mount = facts.noExecute.find((place) => look.path.startsWith(`${place === "/" ? "" : place}/`));
  if (mount === undefined) return undefined;
  const sentence = `${path} lies in ${mount}, which is mounted noexec: nothing there can be executed`;
  return { kind: "no-execute-mount", sentence, path: mount, fix: "mount it with the option exec" };
}

function closedDirectory(view: RootView, path: string, facts: ProgramFacts): string | undefined {
  const parents: string[] = [];
  for (let place = posix.dirname(path); place !== "/"; place = posix.dirname(place)) parents.unshift(place);
  return parents.find((place) => {
    const look = view.look(place);
    return look.kind === "directory" && !mayExecute(look, facts);
  });
}

function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, MOST_LINE_BYTES).every((byte) => byte >= 0x20 || (byte >= 8 && byte <= 13) || byte === 27);
}

/** The program and its argument in a script's first line; undefined: it is no script. */
export function interpreterLine(
  bytes: Uint8Array,
): { readonly interpreter: string; readonly argument: string; readonly endsWithReturn: boolean } | undefined {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return undefined;
  const line = Buffer.from(bytes.subarray(2, MOST_LINE_BYTES)).toString("latin1").split("\n")[0] ?? "";
  const endsWithReturn = line.charCodeAt(line.length - 1) === CARRIAGE_RETURN;
  const [interpreter = "", ...argument] = line
    .replace(/\r$/, "")
    .trim()
    .split(/[ \t]+/);
  return { interpreter, argument: argument.join(" "), endsWithReturn };
}

function problemOfElf(view: RootView, path: string, bytes: Uint8Array): Finding | undefined {
  let elf: Elf;
  try {
    elf = readElf(bytes);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    const fix = "build or copy it again: a part of it is missing";
    return { kind: "damaged-program", sentence: `${path} is a damaged program (${error.message})`, path, fix };
  }
  const own = OWN_MACHINES[process.arch] ?? [];
  if (!own.includes(elf.machine)) {
    const its = MACHINES[elf.machine] ?? `machine ${elf.machine}`;
    const here = MACHINE_NAMES[process.arch] ?? process.arch;
    const sentence = `${path} is a program for ${its}, and this machine is ${here}`;
    const other = VIRTUAL_MACHINES[elf.machine];
    const elsewhere =
      other === undefined ? "" : `, or run it where there is one: ringside vm run --arch ${other} IMAGE`;
    return { kind: "wrong-machine", sentence, path, fix: `use an image, or a build of it, for ${here}${elsewhere}` };
  }
  if (elf.interpreter === undefined) return undefined;
  const look = view.look(elf.interpreter);
  if (look.kind === "file") return undefined;
  const fix = "use a static program, or an image with that loader: one for musl (Alpine) does not run one for glibc";
  const sentence = `${path} needs the loader ${elf.interpreter}, which is not in the image`;
  return { kind: "loader-missing", sentence, path: elf.interpreter, fix };
}

function problemOfScript(
  view: RootView,
  path: string,
  line: NonNullable<ReturnType<typeof interpreterLine>>,
  facts: ProgramFacts,
  depth: number,
): Finding | undefined {
  const { interpreter, endsWithReturn } = line;
  if (interpreter === "") {
    const sentence = `the first line of ${path} is #! without an interpreter`;
    return { kind: "interpreter-missing", sentence, path, fix: "write #!/bin/sh into it" };
  }
  const place = absolute(interpreter, facts.cwd);
  const look = view.look(place);
  // With an argument the return is a part of that, and the interpreter is found.
  if (endsWithReturn && line.argument === "" && look.kind === "file") {
    const sentence = `the lines of ${path} end with CR LF, as on Windows, so the kernel looks for an interpreter "${interpreter}\\r"`;
    return { kind: "carriage-return", sentence, path, fix: `sed -i 's/\\r$//' ${path}` };
  }
  if (look.kind !== "file") {
    const why = problemOfPath(place, look, "the interpreter")?.sentence ?? "";
    const sentence = `the first line of ${path} asks for ${interpreter}: ${why}`;
    return {
      kind: "interpreter-missing",
      sentence,
      path: interpreter,
      fix: "use an image that has it, or another one",
    };
  }
  return depth < MOST_INTERPRETERS ? problemOfFile(view, place, look, facts, depth + 1) : undefined;
}

function problemOfFile(view: RootView, path: string, look: Found, facts: ProgramFacts, depth = 0): Finding | undefined {
  const permission = problemOfPermission(view, path, look, facts);
  if (permission !== undefined) return permission;
  const bytes = view.read(look.path);
  if (bytes === undefined) return undefined;
  if (bytes.length === 0) {
    return { kind: "empty-file", sentence: `${path} is an empty file`, path, fix: "copy it again" };
  }
  if (isElf(bytes)) return problemOfElf(view, path, bytes);
  const line = interpreterLine(bytes);
  if (line !== undefined) return problemOfScript(view, path, line, facts, depth);
  if (!isText(bytes)) {
    const sentence = `${path} is neither a program that the kernel knows nor a script`;
    return { kind: "not-a-program", sentence, path, fix: "check that it is what it should be: file(1)" };
  }
  const sentence = `${path} is a text without #! and an interpreter in its first line`;
  return { kind: "no-interpreter-line", sentence, path, fix: `write #!/bin/sh into its first line, or run sh ${path}` };
}

/** Where the program is, as execvp(3) finds it: the first file on PATH that may be executed, or else the first at all. */
export function findProgram(view: RootView, facts: ProgramFacts): { readonly path: string; readonly look: Look } {
  const found = candidates(facts.args[0] ?? "", facts.env).map((candidate) => {
    const path = absolute(candidate, facts.cwd);
    return { path, look: view.look(path) };
  });
  const files = found.filter(({ look }) => look.kind === "file");
  const best = files.find(({ look }) => look.kind === "file" && mayExecute(look, facts));
  const there = found.find(({ look }) => look.kind !== "missing" && look.kind !== "through-file");
  return (
    best ?? files[0] ?? there ?? found[0] ?? { path: "", look: { kind: "missing", component: "", link: undefined } }
  );
}

/**
 * Looks for what keeps a program from being executed.
 * @returns undefined when nothing of what is known here does
 */
export function examineProgram(view: RootView, facts: ProgramFacts): Finding | undefined {
  const program = facts.args[0] ?? "";
  if (program === "") {
    const fix = "write a command behind the image's name";
    return {
      kind: "no-command",
      sentence: "there is no program to run: none was given, and the image names none",
      fix,
    };
  }
  const { path, look } = findProgram(view, facts);
  if (look.kind === "missing" && !program.includes("/")) {
    const directories = candidates(program, facts.env).map((candidate) => posix.dirname(candidate));
    const sentence = `${program} was not found in $PATH (${directories.join(":")})`;
    return { kind: "not-found", sentence, path: program, fix: "check the spelling, or give the program's whole path" };
  }
  if (look.kind !== "file") return problemOfPath(path, look, "the program");
  return problemOfFile(view, path, look, facts);
}
