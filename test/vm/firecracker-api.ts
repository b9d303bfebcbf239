/**
 * What Firecracker publishes of its API, as far as we use it: which request takes which fields. Facts taken down from
 * src/firecracker/swagger/firecracker.yaml of github.com/firecracker-microvm/firecracker (version 1.17.0-dev, commit
 * 004d935399ba; Apache-2.0), which is the authority; none of its text is here.
 */

type Field =
  | { readonly type: "string" | "boolean" | "object" }
  | { readonly type: "integer"; readonly least?: number; readonly most?: number }
  | { readonly type: "enum"; readonly values: readonly string[] };

interface Body {
  readonly required: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
}

const text: Field = { type: "string" };
const flag: Field = { type: "boolean" };
const oneOf = (...values: readonly string[]): Field => ({ type: "enum", values });

/** undefined: the request has no body. A part of the path in braces stands for anything. */
const PUBLISHED: Readonly<Record<string, Body | undefined>> = {
  "GET /": undefined,
  "GET /machine-config": undefined,
  "PUT /machine-config": {
    required: ["mem_size_mib", "vcpu_count"],
    fields: {
      cpu_template: oneOf("C3", "T2", "T2S", "T2CL", "T2A", "V1N1", "None"),
      smt: flag,
      mem_size_mib: { type: "integer" },
      track_dirty_pages: flag,
      vcpu_count: { type: "integer", least: 1, most: 32 },
      huge_pages: oneOf("None", "Transparent", "2M"),
    },
  },
  "PUT /boot-source": {
    required: ["kernel_image_path"],
    fields: { boot_args: text, initrd_path: text, kernel_image_path: text },
  },
  "PUT /drives/{drive_id}": {
    required: ["drive_id", "is_root_device"],
    fields: {
      drive_id: text,
      partuuid: text,
      is_root_device: flag,
      cache_type: oneOf("Unsafe", "Writeback"),
      is_read_only: flag,
      path_on_host: text,
      rate_limiter: { type: "object" },
      io_engine: oneOf("Sync", "Async"),
      socket: text,
    },
  },
  "PUT /actions": {
    required: ["action_type"],
    fields: { action_type: oneOf("FlushMetrics", "InstanceStart", "SendCtrlAltDel") },
  },
  "PATCH /vm": { required: ["state"], fields: { state: oneOf("Paused", "Resumed") } },
};

/** @returns what is wrong with a request by the published API; empty where nothing is */
export function problemsOf(method: string, path: string, body: unknown): string[] {
  const known = Object.entries(PUBLISHED).find(([row]) => {
    const [rowMethod, rowPath = ""] = row.split(" ");
    const pattern = new RegExp(`^${rowPath.replaceAll(/\{\w+\}/g, "[\\w-]+")}$`);
    return method === rowMethod && pattern.test(path);
  });
  if (known === undefined) return [`there is no ${method} ${path}`];
  const [row, expected] = known;
  if (expected === undefined) return body === undefined ? [] : [`${row} has no body`];
  if (typeof body !== "object" || body === null) return [`${row} has a body`];
  const given = Object.entries(body);
  const missing = expected.required.filter((name) => !Object.hasOwn(body, name)).map((name) => `${row}: no ${name}`);
  return [...missing, ...given.flatMap(([name, value]) => fieldProblem(row, name, value, expected.fields[name]) ?? [])];
}

function fieldProblem(row: string, name: string, value: unknown, field: Field | undefined): string | undefined {
  if (field === undefined) return `${row}: no field ${name}`;
  const fits = (): boolean => {
    switch (field.type) {
      case "integer": {
        const { least = 0, most = Number.MAX_SAFE_INTEGER } = field;
        return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
      }
      case "enum":
        return typeof value === "string" && field.values.includes(value);
      default:
        return typeof value === field.type;
    }
  };
  return fits() ? undefined : `${row}: ${name} is ${JSON.stringify(value)}`;
}
