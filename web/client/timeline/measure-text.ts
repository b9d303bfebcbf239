/**
 * How wide a text will be, without laying it out (CanvasRenderingContext2D.measureText).
 */

const widths = new Map<string, number>();
let context: CanvasRenderingContext2D | null | undefined;

/**
 * The width of a text in pixels.
 *
 * @param font as in CSS, for example `11px system-ui`
 */
export function textWidth(text: string, font: string): number {
  const key = `${font}\n${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  context ??= document.createElement("canvas").getContext("2d");
  if (context === null) return text.length * 7;
  context.font = font;
  const { width } = context.measureText(text);
  widths.set(key, width);
  return width;
}
