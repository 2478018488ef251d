import type { Translate } from "@/i18n";
import type { Picture } from "./types";

/** What a picture is called: its title, what it was asked for, or what it is. */
export function nameOf(picture: Pick<Picture, "title" | "prompt" | "kind">, t: Translate): string {
  return picture.title || picture.prompt || t(`studio.kind.${picture.kind}`);
}

/** A file's name without its ending, of letters and digits that every system takes. */
export function fileNameOf(name: string): string {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, 60) || "picture";
}
