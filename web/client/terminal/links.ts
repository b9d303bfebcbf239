/**
 * Addresses in a terminal's output are what some program printed: they are followed only after the reader has seen where
 * they lead, and the page they open learns nothing of this one.
 */

/**
 * Asks, then opens an address in a tab of its own. Anything but http and https is left alone.
 */
export function followLink(_event: MouseEvent, address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) return;
  if (!window.confirm(`Leave Ringside and open this address?\n\n${url.href}`)) return;
  window.open(url.href, "_blank", "noopener,noreferrer");
}
