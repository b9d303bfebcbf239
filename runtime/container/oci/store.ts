/** The engines' containers of one root directory: found, listed, reserved, removed. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { errorCode } from "../../../native/error-code.ts";
import { RingsideError } from "../../error.ts";
import { checkId } from "./id.ts";
import { type EngineRecord, readEngineRecord, stateDirectory } from "./record.ts";
import { type EngineStatus, engineStatus } from "./status.ts";

/** One container as it is now. */
export interface EngineContainer {
  readonly id: string;
  readonly directory: string;
  readonly record: EngineRecord;
  readonly status: EngineStatus;
}

/** The words that engines look for. */
export function doesNotExist(id: string): RingsideError {
  return new RingsideError(`container "${id}" does not exist`);
}

/** @throws RingsideError when there is no such container */
export function findEngineContainer(root: string, id: string): EngineContainer {
  checkId(id);
  const directory = stateDirectory(root, id);
  const record = readEngineRecord(directory);
  if (record === undefined) throw doesNotExist(id);
  return { id, directory, record, status: engineStatus(record, directory) };
}

/** Every container below `root`; one that goes while we look is left out. */
export function listEngineContainers(root: string): EngineContainer[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  return names.toSorted().flatMap((id) => {
    const directory = stateDirectory(root, id);
    const record = readEngineRecord(directory);
    return record === undefined ? [] : [{ id, directory, record, status: engineStatus(record, directory) }];
  });
}

/**
 * Takes the id for a new container: making its directory is what reserves it.
 * @returns the directory
 * @throws RingsideError when the id is taken
 */
export function reserveId(root: string, id: string): string {
  checkId(id);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const directory = stateDirectory(root, id);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    throw new RingsideError(`container with id "${id}" already exists`, {
      cause: error,
      fix: `ringside oci delete ${id}, or another id`,
    });
  }
  return directory;
}

/** Whether an id is taken, be it by a container or by what is left of one. */
export function isReserved(directory: string): boolean {
  return existsSync(directory);
}

/** Takes a container's state directory away, and with it the id. */
export function removeState(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
