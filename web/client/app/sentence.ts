/**
 * A message of a program, which begins small and ends without a stop, as a sentence on a page.
 */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === "") return "";
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}
