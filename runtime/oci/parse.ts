/**
 * The edge where files of engines become types: config.json, the process.json of exec and the resources.json of update
 * (OCI runtime specification 1.3, config.md and config-linux.md). Whatever passes here is trusted inside.
 */
import { resolve } from "node:path";
import { RingsideError } from "../error.ts";
import type { OciConfig, OciHook, OciHooks, OciMount, OciProcess, OciResources, OciRoot } from "./config.ts";
import { parseJson } from "./json.ts";
import { idMappings, linux as linuxFields } from "./linux-fields.ts";
import { processReader } from "./process-fields.ts";
import {
  absolutePath,
  flag,
  integer,
  list,
  Misfit,
  object,
  optional,
  pathText,
  type Reader,
  record,
  required,
  shown,
  text,
  textLike,
} from "./readers.ts";
import { resources } from "./resource-fields.ts";
import { checkRules } from "./rules.ts";

/** A file as it was understood, and as it was. */
export interface Parsed<T> {
  readonly value: T;
  /** All that was in it, with the fields that nobody here knows. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** What was left out, and why; to be logged. */
  readonly warnings: readonly string[];
}

export interface ParsedConfig {
  readonly config: OciConfig;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** SemVer 2.0.0 of the major version that the specification has had since 2017: all of 1.x is compatible. */
const version = textLike("a version 1.x of the specification, such as 1.3.0", /^1\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/);

const root = object<OciRoot>({
  path: required(textLike("a path", /./s)),
  readonly: optional(flag),
});

const mountFields = object<OciMount>({
  destination: required(textLike("a path", /./s)),
  type: optional(text),
  source: optional(text),
  options: optional(list(text)),
  uidMappings: optional(idMappings),
  gidMappings: optional(idMappings),
});

/** "it MAY be a relative path, in which case it MUST be interpreted as relative to `/`. Relative paths are deprecated." */
function mount(warn: (warning: string) => void): Reader<OciMount> {
  return (value) => {
    const found = mountFields(value);
    if (found.destination.startsWith("/")) return found;
    warn(`mounts: took the relative destination ${shown(found.destination)} as one below /, which is deprecated`);
    return { ...found, destination: `/${found.destination}` };
  };
}

const hook = list(
  object<OciHook>({
    path: required(absolutePath),
    args: optional(list(text)),
    env: optional(list(text)),
    timeout: optional(integer(1, 0x7fff_ffff)),
  }),
);

const hooks = object<OciHooks>({
  prestart: optional(hook),
  createRuntime: optional(hook),
  createContainer: optional(hook),
  startContainer: optional(hook),
  poststart: optional(hook),
  poststop: optional(hook),
});

const annotationKey = textLike("a key with something in it", /./s);

function configReader(warn: (warning: string) => void): Reader<OciConfig> {
  const fields = object<OciConfig>({
    ociVersion: required(version),
    root: required(root),
    mounts: optional(list(mount(warn))),
    process: optional(processReader(warn)),
    hostname: optional(text),
    domainname: optional(text),
    hooks: optional(hooks),
    annotations: optional(record(text, annotationKey)),
    linux: optional(linuxFields),
  });
  return (value) => {
    const config = fields(value);
    checkRules(config);
    return config;
  };
}

/** Turns a Misfit into words: the file, the place in it, and what was wrong. */
function parse<T>(
  source: string,
  name: string,
  readerFor: (warn: (warning: string) => void) => Reader<T>,
  chapterOf: (path: Misfit["path"]) => string = () => "config.md",
): Parsed<T> {
  const value = parseJson(source, name);
  const warnings: string[] = [];
  try {
    const parsed = readerFor((warning) => warnings.push(`${name}: ${warning}`))(value);
    return { value: parsed, raw: asObject(value), warnings };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const path = pathText(error.path);
    throw new RingsideError(`${name}: ${path === "" ? "" : `${path}: `}${error.message}`, {
      cause: error,
      fix: error.fix ?? `the OCI runtime specification has the field in ${chapterOf(error.path)}`,
    });
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/**
 * Reads the text of a config.json.
 *
 * @param name what to call it in errors
 * @throws RingsideError that names the field by its JSON path, what was expected there and what was found
 */
export function parseConfig(source: string, name = "config.json"): ParsedConfig {
  const {
    value: config,
    raw,
    warnings,
  } = parse(source, name, configReader, ([first]) => {
    return first === "linux" ? "config-linux.md" : "config.md";
  });
  return { config, raw, warnings };
}

/**
 * Reads the text of a process.json, as `exec --process` takes it: the object `process` of a configuration.
 *
 * @throws RingsideError as parseConfig does
 */
export function parseProcess(source: string, name = "process.json"): Parsed<OciProcess> {
  return parse(source, name, processReader);
}

/**
 * Reads the text of a resources.json, as `update --resources` takes it: the object `linux.resources`.
 *
 * @throws RingsideError as parseConfig does
 */
export function parseResources(source: string, name = "resources.json"): Parsed<OciResources> {
  return parse(
    source,
    name,
    () => resources,
    () => "config-linux.md",
  );
}

const BINDS: ReadonlySet<string> = new Set(["bind", "rbind"]);

/** Whether a mount's source is a path of the host. */
function isBind({ type, options = [] }: OciMount): boolean {
  return type === "bind" || options.some((option) => BINDS.has(option));
}

/**
 * Makes relative paths of the host absolute: the root, what is bind-mounted (config.md: "either absolute or relative to
 * the bundle"), and the socket of whoever is asked about system calls.
 *
 * @param bundle an absolute path
 */
export function resolvePaths(config: OciConfig, bundle: string): OciConfig {
  const { root, mounts, linux } = config;
  const seccomp = linux?.seccomp;
  const absolute = (one: OciMount): OciMount =>
    one.source !== undefined && isBind(one) ? { ...one, source: resolve(bundle, one.source) } : one;
  const { listenerPath = "" } = seccomp ?? {};
  return {
    ...config,
    root: { ...root, path: resolve(bundle, root.path) },
    ...(mounts !== undefined && { mounts: mounts.map(absolute) }),
    ...(seccomp !== undefined &&
      listenerPath !== "" && {
        linux: { ...linux, seccomp: { ...seccomp, listenerPath: resolve(bundle, listenerPath) } },
      }),
  };
}
