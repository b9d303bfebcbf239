/**
 * Gives a text to the reader as a file. It never leaves the browser on the way.
 */

/**
 * Saves a text under a name.
 */
export function saveText(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken what it needs when the click returns; the memory is freed a little later to be sure.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
