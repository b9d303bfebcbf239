/**
 * What xterm.js's serialiser leaves out of a snapshot and a program relies on: a hidden cursor and its shape, the scroll
 * region, origin mode's cursor, the line-drawing character set, and how mouse reports are written (xterm control
 * sequences: DECTCEM, DECSCUSR, DECSTBM, DECOM, SCS, mouse tracking).
 *
 * xterm.js has no public name for these, so they are read from its inside, checked for being what we expect; the version
 * is pinned, and a test draws what is restored.
 */

import type { Terminal } from "@xterm/headless";
import * as z from "zod/mini";

const insideSchema = z.object({
  rows: z.int(),
  cols: z.int(),
  coreService: z.object({
    isCursorHidden: z.boolean(),
    decPrivateModes: z.object({
      cursorStyle: z.optional(z.enum(["block", "underline", "bar"])),
      cursorBlink: z.optional(z.boolean()),
      origin: z.boolean(),
    }),
  }),
  coreMouseService: z.object({ activeEncoding: z.string() }),
  _charsetService: z.object({
    glevel: z.int(),
    _charsets: z.array(z.optional(z.record(z.string(), z.string()))),
  }),
  buffers: z.object({
    active: z.object({ scrollTop: z.int(), scrollBottom: z.int(), x: z.int(), y: z.int() }),
  }),
});

type Inside = z.infer<typeof insideSchema>;

const CSI = "\x1b[";
const CURSOR_SHAPES = { block: 1, underline: 3, bar: 5 } as const;
const MOUSE_ENCODINGS: Readonly<Record<string, string>> = { SGR: `${CSI}?1006h`, SGR_PIXELS: `${CSI}?1016h` };

/** What designates the line-drawing set as G0, G1, G2 and G3. */
const DESIGNATE_GRAPHICS = ["\x1b(0", "\x1b)0", "\x1b*0", "\x1b+0"];

/** What invokes G0, G1, G2 and G3 into the left half. */
const INVOKE = ["", "\x0e", "\x1bn", "\x1bo"];

/**
 * Control sequences that restore the rest, to be written after the serialised screen.
 *
 * @throws z.core.$ZodError where this version of xterm.js looks different inside
 */
export function restoringSequences(terminal: Terminal): string {
  const inside = z.parse(insideSchema, Reflect.get(terminal, "_core"));
  return [region(inside), charsets(inside), cursor(inside), mouse(inside)].join("");
}

/** Both setting the region and origin mode send the cursor home, so it is put back where it was. */
function region({ rows, cols, buffers: { active }, coreService: { decPrivateModes } }: Inside): string {
  const isWhole = active.scrollTop === 0 && active.scrollBottom === rows - 1;
  if (isWhole && !decPrivateModes.origin) return "";
  const row = active.y + 1 - (decPrivateModes.origin ? active.scrollTop : 0);
  const column = Math.min(active.x + 1, cols);
  return `${CSI}${active.scrollTop + 1};${active.scrollBottom + 1}r${CSI}${row};${column}H`;
}

function charsets({ _charsetService: { glevel, _charsets } }: Inside): string {
  const designations = _charsets.map((charset, index) =>
    isGraphics(charset) ? (DESIGNATE_GRAPHICS[index] ?? "") : "",
  );
  return designations.join("") + (INVOKE[glevel] ?? "");
}

/** The set in which q is a horizontal line. The national sets, which nobody uses any more, are not restored. */
function isGraphics(charset: Readonly<Record<string, string>> | undefined): boolean {
  return charset?.q === "\u2500";
}

function cursor({ coreService: { isCursorHidden, decPrivateModes } }: Inside): string {
  const { cursorStyle, cursorBlink } = decPrivateModes;
  const shape =
    cursorStyle === undefined ? "" : `${CSI}${CURSOR_SHAPES[cursorStyle] + (cursorBlink === true ? 0 : 1)} q`;
  return shape + (isCursorHidden ? `${CSI}?25l` : "");
}

function mouse({ coreMouseService: { activeEncoding } }: Inside): string {
  return MOUSE_ENCODINGS[activeEncoding] ?? "";
}
