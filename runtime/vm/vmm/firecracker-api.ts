/**
 * Firecracker's API as far as Ringside uses it: HTTP over a unix socket, JSON bodies, 204 when it was done and a
 * `fault_message` when not. docs/getting-started.md and src/firecracker/swagger/firecracker.yaml of Firecracker 1.17.
 */
import { request as httpRequest } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { errorCode } from "../../../native/error-code.ts";
import { RingsideError, reasonOf } from "../../error.ts";

export interface ApiRequest {
  readonly method: "GET" | "PUT" | "PATCH";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface FirecrackerMachine {
  readonly memoryBytes: number;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly kernelArguments: string;
  /** Read-only. */
  readonly diskPath?: string;
}

const MIB = 1024 ** 2;

/** @returns what configures a machine and starts it, in the order in which it has to be sent */
export function startRequests(machine: FirecrackerMachine): ApiRequest[] {
  const { memoryBytes, kernelPath, initrdPath, kernelArguments, diskPath } = machine;
  return [
    put("/machine-config", { vcpu_count: 1, mem_size_mib: Math.floor(memoryBytes / MIB), smt: false }),
    put("/boot-source", { kernel_image_path: kernelPath, initrd_path: initrdPath, boot_args: kernelArguments }),
    // Not Firecracker's root device: it would then name it to the kernel, and our init mounts it itself.
    ...(diskPath === undefined
      ? []
      : [put("/drives/root", { drive_id: "root", path_on_host: diskPath, is_root_device: false, is_read_only: true })]),
    put("/actions", { action_type: "InstanceStart" }),
  ];
}

export const PAUSE: ApiRequest = { method: "PATCH", path: "/vm", body: { state: "Paused" } };
export const RESUME: ApiRequest = { method: "PATCH", path: "/vm", body: { state: "Resumed" } };
/** What the keyboard of a machine without a power button has. */
export const POWERDOWN: ApiRequest = put("/actions", { action_type: "SendCtrlAltDel" });
export const DESCRIBE: ApiRequest = { method: "GET", path: "/" };
export const DESCRIBE_MACHINE: ApiRequest = { method: "GET", path: "/machine-config" };

function put(path: string, body: Readonly<Record<string, unknown>>): ApiRequest {
  return { method: "PUT", path, body };
}

const ANSWER_TIMEOUT_MS = 10_000;
const SOCKET_PATIENCE_MS = 5000;
const RETRY_MS = 5;
const LONGEST_ANSWER_BYTES = 1024 ** 2;
const NOT_YET = new Set(["ENOENT", "ECONNREFUSED"]);

const faultSchema = z.object({ fault_message: z.string() });

/**
 * Sends one request.
 *
 * @param socketPath of the API
 * @param isGone says that nobody will listen there any more
 * @returns the answer's body, undefined where it has none
 * @throws RingsideError with Firecracker's own words when it did not do it, or when nobody answers
 */
export async function callApi(
  socketPath: string,
  request: ApiRequest,
  isGone: () => boolean = () => false,
): Promise<unknown> {
  const deadline = performance.now() + SOCKET_PATIENCE_MS;
  for (;;) {
    try {
      const { status, body } = await send(socketPath, request);
      if (status < 300) return body;
      const fault = faultSchema.safeParse(body);
      throw new RingsideError(
        `Firecracker did not carry out ${request.method} ${request.path}: ${fault.success ? fault.data.fault_message : `status ${status}`}`,
        { fix: "ringside vm run --vmm qemu goes without Firecracker" },
      );
    } catch (cause) {
      if (cause instanceof RingsideError) throw cause;
      if (!NOT_YET.has(errorCode(cause) ?? "") || performance.now() > deadline || isGone()) {
        throw new RingsideError(`cannot speak with Firecracker over ${socketPath}: ${reasonOf(cause)}`, {
          cause,
          fix: "ringside vm ps shows which machines there are",
        });
      }
      await delay(RETRY_MS);
    }
  }
}

function send(
  socketPath: string,
  { method, path, body }: ApiRequest,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = {
    Accept: "application/json",
    ...(body !== undefined && { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
  };
  const answer = Promise.withResolvers<{ readonly status: number; readonly body: unknown }>();
  const request = httpRequest({ socketPath, method, path, headers, timeout: ANSWER_TIMEOUT_MS }, (response) => {
    let received = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      received += chunk;
      if (received.length > LONGEST_ANSWER_BYTES) request.destroy(new Error("its answer has no end"));
    });
    response.on("error", answer.reject);
    response.on("end", () => answer.resolve({ status: response.statusCode ?? 0, body: parseBody(received) }));
  });
  request.on("timeout", () => request.destroy(new Error("it does not answer")));
  request.on("error", answer.reject);
  request.end(text);
  return answer.promise;
}

function parseBody(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
