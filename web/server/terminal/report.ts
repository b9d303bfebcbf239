/**
 * The answers that a terminal gives by itself when a program asks for its cursor's place, its kind or its state (xterm
 * control sequences: DSR, DA, DECRQM). A program has asked once and must get one answer, although several browsers
 * show the same terminal.
 */

/** Cursor position and status (R, n), device attributes (c), mode reports ($y), colours and other strings (OSC, DCS). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what this is about
const REPORT = /^\x1b(?:\[[?>=]?[\d;]*(?:R|n|c|\$y|t)|[\]P][^\x07\x1b]*(?:\x07|\x1b\\))$/;

const MAX_REPORT_BYTES = 256;

/** Whether the input is exactly one such answer, and nothing that a person typed. */
export function isTerminalReport(input: Uint8Array): boolean {
  if (input.length > MAX_REPORT_BYTES || input[0] !== 0x1b) return false;
  return REPORT.test(Buffer.from(input).toString("latin1"));
}
