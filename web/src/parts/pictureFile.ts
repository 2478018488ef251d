/** A picture as the API tells it, as a file of this browser's. */
export function fileOf(base64: string, format: string): Blob {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return new Blob([bytes], { type: `image/${format === "svg" ? "svg+xml" : format}` });
}
