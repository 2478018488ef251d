/** How a picture came to be. */
export type PictureKind = "generation" | "edit" | "variation" | "outpaint" | "upload";

/** A picture that the server keeps (docs/api.md, gallery). */
export type Picture = {
  id: string;
  object: "gallery.picture";
  created: number;
  title: string;
  kind: PictureKind;
  prompt: string;
  negative_prompt: string;
  revised_prompt: string;
  deployment: string;
  model: string;
  seed: number | null;
  style: string;
  quality: string;
  size: string;
  width: number;
  height: number;
  bytes: number;
  format: Format;
  background: string;
  /** The picture that it was made from. */
  parent: string | null;
  /** Shared by all pictures of one request. */
  step: string;
  favourite: boolean;
};

export type PictureList = { data: Picture[]; has_more: boolean; first_id: string | null; last_id: string | null };

export const FORMATS = ["png", "webp", "jpeg", "svg"] as const;
export type Format = (typeof FORMATS)[number];
