/**
 * Every mount option that is Linux's own, as one table (runtime-spec, config.md, Linux mount options; mount(8),
 * FILESYSTEM-INDEPENDENT MOUNT OPTIONS). What is not in it is for the file system itself (fsconfig(2)), and refused by
 * the kernel if the file system does not know it either: an unknown word never becomes a flag.
 */
import { RingsideError } from "../error.ts";
import type { OciLinux, Propagation } from "../oci/config.ts";

/** Bits of mount_setattr(2) and fsmount(2). */
export const MOUNT_ATTRIBUTES = {
  ro: 0x01,
  nosuid: 0x02,
  nodev: 0x04,
  noexec: 0x08,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  nosymfollow: 0x200000,
} as const;

/** All ways of keeping access times: one of them is chosen, so setting one clears the field (mount_setattr(2)). */
const ACCESS_TIMES = 0x70;

/** MS_… of mount(2). */
export const PROPAGATION_FLAGS = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;

/** A change of a mount's attributes; of the whole tree below it too, if it is recursive. */
interface AttributeRow {
  readonly kind: "attribute";
  readonly set: number;
  readonly clear: number;
  readonly recursive: boolean;
  /** What the superblock of a new file system is told as well, as mount(2) does. */
  readonly superblock?: string;
}

type OptionRow =
  | AttributeRow
  /** A setting of the whole file system; `usual` is what it is without being asked. */
  | { readonly kind: "superblock"; readonly usual: boolean }
  | { readonly kind: "propagation"; readonly flag: number; readonly recursive: boolean }
  | { readonly kind: "bind"; readonly recursive: boolean }
  | { readonly kind: "idmap"; readonly recursive: boolean }
  | { readonly kind: "remount" }
  | { readonly kind: "copy-up" }
  /** Says what is so anyway: the reason is in the row. */
  | { readonly kind: "nothing"; readonly why: string };

const set = (bits: number, clear = 0): AttributeRow => ({ kind: "attribute", set: bits, clear, recursive: false });
const clear = (bits: number): AttributeRow => ({ kind: "attribute", set: 0, clear: bits, recursive: false });
const usual: OptionRow = { kind: "superblock", usual: true };
const unusual: OptionRow = { kind: "superblock", usual: false };

const { ro, nosuid, nodev, noexec, noatime, strictatime, nodiratime, nosymfollow } = MOUNT_ATTRIBUTES;

/** Attributes of one mount. Each has a recursive twin whose name begins with r (mount_setattr(2), AT_RECURSIVE). */
const ATTRIBUTES: Readonly<Record<string, AttributeRow>> = {
  ro: { ...set(ro), superblock: "ro" },
  rw: { ...clear(ro), superblock: "rw" },
  nosuid: set(nosuid),
  suid: clear(nosuid),
  nodev: set(nodev),
  dev: clear(nodev),
  noexec: set(noexec),
  exec: clear(noexec),
  noatime: set(noatime, ACCESS_TIMES),
  strictatime: set(strictatime, ACCESS_TIMES),
  relatime: clear(ACCESS_TIMES),
  // Without any of the three the kernel keeps times as relatime says (mount(2), since Linux 2.6.30).
  atime: clear(ACCESS_TIMES),
  nostrictatime: clear(ACCESS_TIMES),
  norelatime: clear(ACCESS_TIMES),
  nodiratime: set(nodiratime),
  diratime: clear(nodiratime),
  nosymfollow: set(nosymfollow),
  symfollow: clear(nosymfollow),
};

/** The recursive names that the specification has: all but rdefaults and the like. */
const RECURSIVE: Readonly<Record<string, AttributeRow>> = Object.fromEntries(
  Object.entries(ATTRIBUTES).map(([name, { kind, set, clear }]) => [`r${name}`, { kind, set, clear, recursive: true }]),
);

const propagations = Object.entries(PROPAGATION_FLAGS).flatMap(([name, flag]): [string, OptionRow][] => [
  [name, { kind: "propagation", flag, recursive: false }],
  [`r${name}`, { kind: "propagation", flag, recursive: true }],
]);

const OPTIONS: Readonly<Record<string, OptionRow>> = {
  ...ATTRIBUTES,
  ...RECURSIVE,
  ...Object.fromEntries(propagations),
  sync: unusual,
  async: usual,
  dirsync: unusual,
  mand: unusual,
  nomand: usual,
  lazytime: unusual,
  nolazytime: usual,
  iversion: { kind: "nothing", why: "file systems that count versions do so unasked since Linux 6.1" },
  noiversion: { kind: "nothing", why: "a file system that does not count versions cannot be told to" },
  silent: { kind: "nothing", why: "what the kernel says of a refused mount is reported, not logged" },
  loud: { kind: "nothing", why: "the same" },
  defaults: { kind: "nothing", why: "rw, suid, dev, exec and async are so unless another option says otherwise" },
  bind: { kind: "bind", recursive: false },
  rbind: { kind: "bind", recursive: true },
  remount: { kind: "remount" },
  idmap: { kind: "idmap", recursive: false },
  ridmap: { kind: "idmap", recursive: true },
  tmpcopyup: { kind: "copy-up" },
};

/** All names in the table, for `features` (runtime-spec, features.md, mountOptions). */
export const MOUNT_OPTIONS: readonly string[] = Object.keys(OPTIONS).toSorted();

/** A change of attributes, as mount_setattr(2) takes it. */
export interface AttributeChange {
  readonly set: number;
  readonly clear: number;
}

export interface ParsedMountOptions {
  readonly bind: "bind" | "rbind" | undefined;
  readonly remount: boolean;
  readonly copyUp: boolean;
  readonly idmap: "idmap" | "ridmap" | undefined;
  /** Of the mount itself. */
  readonly top: AttributeChange;
  /** Of the mount and of all below it. */
  readonly tree: AttributeChange;
  /** In the order of the list: shared after slave means both (mount_namespaces(7)). */
  readonly propagation: readonly { readonly flag: number; readonly recursive: boolean }[];
  /** Settings of a new superblock. */
  readonly superblock: readonly string[];
  /** The settings of a superblock that differ from what is usual, which a bind cannot give. */
  readonly unusual: readonly string[];
  /** For the file system. */
  readonly data: readonly string[];
}

/** Words of a list in which one entry may hold several, but not where they are quoted, as security labels are. */
function words(options: readonly string[]): string[] {
  return options.flatMap((entry) => entry.match(/(?:[^,"]|"[^"]*"?)+/g) ?? []);
}

function changeOf(rows: readonly AttributeRow[]): AttributeChange {
  return rows.reduce<AttributeChange>(
    (change, row) => ({ set: (change.set & ~row.clear) | row.set, clear: change.clear | row.clear }),
    { set: 0, clear: 0 },
  );
}

function rowsOf<Kind extends OptionRow["kind"]>(
  known: readonly (readonly [string, OptionRow])[],
  kind: Kind,
): { readonly name: string; readonly row: Extract<OptionRow, { kind: Kind }> }[] {
  const isOfKind = (row: OptionRow): row is Extract<OptionRow, { kind: Kind }> => row.kind === kind;
  return known.flatMap(([name, row]) => (isOfKind(row) ? [{ name, row }] : []));
}

/**
 * Sorts a mount's options: what is in the table, and what is for the file system.
 * @param options as in config.json; later ones win
 * @throws RingsideError for one that cannot be handed over at all
 */
export function parseMountOptions(options: readonly string[]): ParsedMountOptions {
  const all = words(options);
  const known = all.flatMap((name) => {
    const row = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    return row === undefined ? [] : [[name, row] as const];
  });
  const attributes = rowsOf(known, "attribute");
  const superblocks = rowsOf(known, "superblock");
  const idmap = rowsOf(known, "idmap").at(-1);
  const bind = rowsOf(known, "bind").at(-1);
  return {
    bind: bind && (bind.row.recursive ? "rbind" : "bind"),
    remount: rowsOf(known, "remount").length > 0,
    copyUp: rowsOf(known, "copy-up").length > 0,
    idmap: idmap && (idmap.row.recursive ? "ridmap" : "idmap"),
    top: changeOf(attributes.flatMap(({ row }) => (row.recursive ? [] : [row]))),
    tree: changeOf(attributes.flatMap(({ row }) => (row.recursive ? [row] : []))),
    propagation: rowsOf(known, "propagation").map(({ row: { flag, recursive } }) => ({ flag, recursive })),
    superblock: [
      ...attributes
        .flatMap(({ row }) => row.superblock ?? [])
        .slice(-1)
        .filter((name) => name === "ro"),
      ...superblocks.map(({ name }) => name),
    ],
    unusual: superblocks.filter(({ row }) => !row.usual).map(({ name }) => name),
    data: all.filter((name) => !Object.hasOwn(OPTIONS, name)).map(dataOption),
  };
}

/** fsconfig(2) takes a key and a value of at most 255 bytes; mount(2)'s quotes are not part of a value. */
function dataOption(option: string): string {
  const equals = option.indexOf("=");
  const key = equals < 0 ? option : option.slice(0, equals);
  const value = equals < 0 ? "" : option.slice(equals + 1);
  const unquoted = /^"[^"]*"$/.test(value) ? value.slice(1, -1) : value;
  const tooLong = Buffer.byteLength(key) > MOST_KEY_BYTES || Buffer.byteLength(unquoted) > MOST_VALUE_BYTES;
  if (tooLong || option.includes("\0")) {
    throw new RingsideError(`cannot hand over the mount option ${JSON.stringify(option.slice(0, MOST_KEY_BYTES))}`, {
      fix: `a name has at most ${MOST_KEY_BYTES} bytes and a value ${MOST_VALUE_BYTES} (fsconfig(2)), and no NUL`,
    });
  }
  return equals < 0 ? key : `${key}=${unquoted}`;
}

const MOST_KEY_BYTES = 63;
const MOST_VALUE_BYTES = 255;

/** The flag of `rshared` and the like, and whether it means the whole tree. */
export function propagationOf(name: Propagation): { readonly flag: number; readonly recursive: boolean } {
  const recursive = name.startsWith("r");
  return { flag: Object.entries(PROPAGATION_FLAGS).find(([plain]) => name.endsWith(plain))?.[1] ?? 0, recursive };
}

/**
 * How a clone of the host's mounts stands to the host's own, unless its options say otherwise: a shared one would show
 * the container's mounts on the host.
 */
export function basePropagation({ rootfsPropagation }: OciLinux): number {
  const flag = rootfsPropagation === undefined ? PROPAGATION_FLAGS.private : propagationOf(rootfsPropagation).flag;
  if (flag === PROPAGATION_FLAGS.shared) return 0;
  return flag === PROPAGATION_FLAGS.slave ? PROPAGATION_FLAGS.slave : PROPAGATION_FLAGS.private;
}
