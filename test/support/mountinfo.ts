/** /proc/PID/mountinfo (proc_pid_mountinfo(5)), as a test looks at it. */

export interface SeenMount {
  readonly root: string;
  readonly point: string;
  /** Of the mount: `ro`, `nosuid` … */
  readonly options: readonly string[];
  /** `shared:1`, `master:2`, `unbindable`; numbers left out. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the file system. */
  readonly superblock: readonly string[];
}

function parseLine(line: string): SeenMount[] {
  const fields = line.split(" ");
  const dash = fields.indexOf("-");
  const [, , , root, point, options] = fields;
  if (dash < 0 || root === undefined || point === undefined || options === undefined) return [];
  const [type = "", source = "", superblock = ""] = fields.slice(dash + 1);
  return [
    {
      root,
      point,
      options: options.split(","),
      propagation: fields.slice(6, dash).map((word) => word.replace(/:\d+$/, "")),
      type,
      source,
      superblock: superblock.split(","),
    },
  ];
}

/** Every line of `text` that is one of mountinfo; others are left out. */
export function parseMounts(text: string): SeenMount[] {
  return text.split("\n").flatMap(parseLine);
}

/** The topmost mount at `point`. @throws when there is none */
export function mountAt(text: string, point: string): SeenMount {
  const found = parseMounts(text).findLast((mount) => mount.point === point);
  if (found === undefined) throw new Error(`nothing is mounted at ${point}:\n${text}`);
  return found;
}
