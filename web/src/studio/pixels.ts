import { fileOfPicture } from "./gallery";
import type { Picture } from "./types";

/** A picture's file as the routes read it: as it was made, and a drawing of lines as its pixels. Throws ApiError. */
export async function pixelsOf(picture: Picture, image: HTMLImageElement): Promise<Blob> {
  if (picture.format !== "svg") return fileOfPicture(picture);
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be drawn"))), "image/png"));
}
