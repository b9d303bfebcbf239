/**
 * What of the host is shown inside, as people type it: `-v SOURCE:TARGET[:OPTIONS]`, `--mount type=…,source=…,target=…`
 * and `--tmpfs TARGET[:OPTIONS]`. docker-run(1), Docker's storage documentation.
 */
import { statSync } from "node:fs";
import { isAbsolute, posix, resolve } from "node:path";
import { RingsideError } from "../error.ts";
import { type OciMount, PROPAGATIONS } from "../oci/config.ts";
import { parseMemory } from "./options.ts";

/** What may stand behind a volume's second colon. */
const BIND_OPTIONS = new Set([
  ...["ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "nosymfollow", "bind", "rbind"],
  ...["noatime", "relatime", "strictatime", "rro"],
  ...PROPAGATIONS,
]);
/** Of a file system in memory, beside flags. */
const TMPFS_VALUES = /^(?:size|mode|uid|gid|nr_inodes|nr_blocks)=\w+%?$/;
const TMPFS_FLAGS = new Set(["ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "relatime"]);
const TMPFS_DEFAULTS = ["nosuid", "nodev", "noexec", "mode=1777"];
const SELINUX = new Set(["z", "Z"]);

function refuse(option: string, text: string, why: string, fix: string): never {
  throw new RingsideError(`${option} ${JSON.stringify(text)}: ${why}`, { fix });
}

function checkTarget(option: string, text: string, target: string): string {
  if (!isAbsolute(target)) refuse(option, text, "the place inside is not an absolute path", "begin it with a slash");
  const path = posix.normalize(target).replace(/(?<=.)\/$/, "");
  if (path === "/") refuse(option, text, "the root itself cannot be covered", "give a directory below it");
  return path;
}

/** Docker makes a directory for a source that is not there; a typing error then looks as if all were well. */
function checkSource(option: string, text: string, source: string): string {
  const path = resolve(source);
  try {
    statSync(path);
    return path;
  } catch (cause) {
    throw new RingsideError(`${option} ${JSON.stringify(text)}: there is no ${path} on this machine`, {
      cause,
      fix: `mkdir -p ${path}, or check the spelling`,
    });
  }
}

function bindMount(source: string, destination: string, options: readonly string[]): OciMount {
  const propagation = options.some((option) => PROPAGATIONS.some((name) => name === option)) ? [] : ["rprivate"];
  const bind = options.some((option) => option === "bind" || option === "rbind") ? [] : ["rbind"];
  return { type: "bind", source, destination, options: [...bind, ...propagation, ...options] };
}

/**
 * Parses `/here:/there`, `/here:/there:ro,nosuid`, `./here:/there`.
 * @throws RingsideError naming what is wrong with it; also when the source is not there
 */
export function parseVolume(text: string): OciMount {
  const [source = "", target = "", options = "", ...rest] = text.split(":");
  const option = "-v";
  if (target === "" || source === "" || rest.length > 0) {
    refuse(option, text, "it is not a path here and one inside, with a colon between", "write -v /here:/there[:ro]");
  }
  if (!source.includes("/")) {
    refuse(option, text, "it is not a path: volumes by name are not there yet", `write -v ./${source}:${target}`);
  }
  const words = options === "" ? [] : options.split(",");
  for (const word of words) checkBindOption(option, text, word);
  return bindMount(checkSource(option, text, source), checkTarget(option, text, target), words);
}

function checkBindOption(option: string, text: string, word: string): void {
  if (SELINUX.has(word)) {
    refuse(option, text, `${word} labels files for SELinux, which Ringside does not do`, "leave it out");
  }
  if (!BIND_OPTIONS.has(word)) {
    refuse(option, text, `there is no option ${JSON.stringify(word)}`, `use one of ${[...BIND_OPTIONS].join(", ")}`);
  }
}

/**
 * Parses `/run` and `/run:size=64m,mode=755`.
 * @throws RingsideError naming what is wrong with it
 */
export function parseTmpfs(text: string): OciMount {
  const colon = text.indexOf(":");
  const target = colon < 0 ? text : text.slice(0, colon);
  const options = colon < 0 ? [] : text.slice(colon + 1).split(",");
  for (const word of options) {
    if (TMPFS_FLAGS.has(word) || TMPFS_VALUES.test(word)) continue;
    refuse(
      "--tmpfs",
      text,
      `there is no option ${JSON.stringify(word)}`,
      "use size=64m, mode=755, ro, exec and the like",
    );
  }
  return tmpfs(checkTarget("--tmpfs", text, target), options);
}

function tmpfs(destination: string, options: readonly string[]): OciMount {
  const hasMode = options.some((option) => option.startsWith("mode="));
  const defaults = TMPFS_DEFAULTS.filter((option) => !hasMode || !option.startsWith("mode="));
  return { type: "tmpfs", source: "tmpfs", destination, options: [...defaults, ...options] };
}

/** The names of --mount, with their other spellings. */
const MOUNT_FIELDS: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  target: "target",
  destination: "target",
  dst: "target",
  readonly: "readonly",
  ro: "readonly",
  "bind-propagation": "propagation",
  "bind-nonrecursive": "nonrecursive",
  "tmpfs-size": "size",
  "tmpfs-mode": "mode",
};

function mountFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    const key = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    const name = Object.entries(MOUNT_FIELDS).find(([known]) => known === key)?.[1];
    if (name === undefined) {
      refuse(
        "--mount",
        text,
        `there is no field ${JSON.stringify(key)}`,
        `use ${Object.keys(MOUNT_FIELDS).join(", ")}`,
      );
    }
    fields.set(name, equals < 0 ? "true" : part.slice(equals + 1));
  }
  return fields;
}

/**
 * Parses `type=bind,source=/here,target=/there,readonly` and `type=tmpfs,target=/run,tmpfs-size=64m`.
 * @throws RingsideError naming what is wrong with it; also when the source is not there
 */
export function parseMount(text: string): OciMount {
  const fields = mountFields(text);
  const type = fields.get("type") ?? "volume";
  const target = checkTarget("--mount", text, fields.get("target") ?? "");
  const readonly = isTrue(fields.get("readonly")) ? ["ro"] : [];
  if (type === "tmpfs") {
    const size = fields.get("size");
    const mode = fields.get("mode");
    return tmpfs(target, [
      ...readonly,
      ...(size === undefined ? [] : [`size=${parseMemory(size)}`]),
      ...(mode === undefined ? [] : [`mode=${mode}`]),
    ]);
  }
  if (type !== "bind") {
    refuse(
      "--mount",
      text,
      `there is no type ${type}: volumes by name are not there yet`,
      "use type=bind or type=tmpfs",
    );
  }
  const propagation = fields.get("propagation");
  if (propagation !== undefined && !PROPAGATIONS.some((name) => name === propagation)) {
    refuse("--mount", text, `there is no propagation ${propagation}`, `use one of ${PROPAGATIONS.join(", ")}`);
  }
  return bindMount(checkSource("--mount", text, fields.get("source") ?? ""), target, [
    ...(isTrue(fields.get("nonrecursive")) ? ["bind"] : []),
    ...readonly,
    ...(propagation === undefined ? [] : [propagation]),
  ]);
}

function isTrue(text: string | undefined): boolean {
  return text === "true" || text === "1";
}
