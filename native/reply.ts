/** The launcher's replies, read from the bytes that native/protocol.h lays out. */

/** When one step of the plan ran. `index` is its position in the plan; `errno` is 0 or the noted error. */
export interface StepTime {
  readonly index: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly errno: number;
}

export interface Reply {
  readonly kind: "started" | "failed" | "exited" | "paused" | "released";
  readonly id: number;
  readonly pid: number;
  readonly waitStatus: number;
  readonly error: number;
  /** 1 + the position of the step that failed, or of the pause; 0: none. */
  readonly failedStep: number;
  readonly timeNs: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly maxRssKiB: number;
  readonly steps: readonly StepTime[];
  readonly reports: Readonly<Record<string, string>>;
}

const REPLY_BYTES = 64;
const STEP_TIME_BYTES = 24;
const KINDS: Readonly<Record<number, Reply["kind"]>> = {
  1: "started",
  2: "failed",
  3: "exited",
  4: "paused",
  5: "released",
};

function parseSteps(data: Buffer, count: number): StepTime[] {
  return Array.from({ length: count }, (_, row) => {
    const at = REPLY_BYTES + row * STEP_TIME_BYTES;
    return {
      startNs: Number(data.readBigUInt64LE(at)),
      endNs: Number(data.readBigUInt64LE(at + 8)),
      errno: data.readInt32LE(at + 16),
      index: data.readUInt32LE(at + 20),
    };
  });
}

function parseReports(bytes: Buffer): Record<string, string> {
  const reports: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = bytes.indexOf(0, at);
    const length = bytes.readUInt32LE(nameEnd + 1);
    const start = nameEnd + 5;
    reports[bytes.toString("utf8", at, nameEnd)] = bytes.toString("utf8", start, start + length);
    at = start + length;
  }
  return reports;
}

/** @throws RangeError when the bytes are shorter than they say */
export function parseReply(data: Buffer): Reply {
  const kind = KINDS[data.readUInt32LE(0)];
  if (kind === undefined) throw new RangeError(`a reply of an unknown kind: ${data.readUInt32LE(0)}`);
  const stepCount = data.readUInt32LE(56);
  return {
    kind,
    id: data.readUInt32LE(4),
    pid: data.readInt32LE(8),
    waitStatus: data.readInt32LE(12),
    error: data.readInt32LE(16),
    failedStep: data.readUInt32LE(20),
    timeNs: Number(data.readBigUInt64LE(24)),
    userUs: Number(data.readBigUInt64LE(32)),
    systemUs: Number(data.readBigUInt64LE(40)),
    maxRssKiB: Number(data.readBigUInt64LE(48)),
    steps: parseSteps(data, stepCount),
    reports: parseReports(data.subarray(REPLY_BYTES + stepCount * STEP_TIME_BYTES)),
  };
}
