import { fileNameOf } from "./naming";
import type { Format, Picture } from "./types";

/** Have the browser keep a picture as a file. */
export function download(picture: Picture, format: Format, name: string): void {
  const link = document.createElement("a");
  link.href = `/v1/gallery/${picture.id}/content?format=${format}`;
  link.download = `${fileNameOf(name)}.${format === "jpeg" ? "jpg" : format}`;
  link.click();
}
