import type { Growth } from "./frame.ts";
import { LIMITS } from "./limits.ts";
import type { Options } from "./options.ts";

export type PictureRoute = "/images/generations" | "/images/edits" | "/images/variations" | "/images/outpaint";

/** Where they are on the server. */
export const PATHS: Record<PictureRoute, string> = {
  "/images/generations": "/v1/images/generations",
  "/images/edits": "/v1/images/edits",
  "/images/variations": "/v1/images/variations",
  "/images/outpaint": "/v1/images/outpaint",
};

/** A request for pictures, as it will be sent. */
export type Wish = {
  route: PictureRoute;
  body: Record<string, string | number | boolean>;
  files: { image?: Blob; mask?: Blob };
  /** The picture that it is about. */
  parent: string | null;
};

const PARTIALS = 3;

/** Pictures from words. */
export function generation(prompt: string, options: Options): Wish {
  const body = { ...about(prompt, options), ...(options.size === "auto" ? {} : { size: options.size }) };
  return { route: "/images/generations", body, files: {}, parent: null };
}

/** A picture changed: inside of a mask, or without one made anew in its likeness. */
export function edit(prompt: string, options: Options, parent: string, image: Blob, mask: Blob | null): Wish {
  return { route: "/images/edits", body: about(prompt, options), files: { image, ...(mask && { mask }) }, parent };
}

/** Pictures like a given one; OpenAI's route, which has no stream. */
export function variation(options: Options, parent: string, image: Blob): Wish {
  const { stream, partial_images, ...body } = about("", options);
  return { route: "/images/variations", body, files: { image }, parent };
}

/** A picture on a larger canvas. */
export function enlargement(prompt: string, options: Options, parent: string, image: Blob, growth: Growth): Wish {
  return { route: "/images/outpaint", body: { ...about(prompt, options), ...growth }, files: { image }, parent };
}

function about(prompt: string, options: Options): Wish["body"] {
  const streams = options.format !== "svg"; // a traced picture has no parts that come one after the other
  return {
    ...(options.deployment && { model: options.deployment }),
    ...(prompt && { prompt }),
    ...(options.negative.trim() && { negative_prompt: options.negative.trim() }),
    n: options.count,
    quality: options.quality,
    ...(options.background !== "auto" && { background: options.background }),
    ...(options.style && { style: options.style }),
    ...(options.seed !== null && { seed: options.seed }),
    output_format: options.format,
    store: true,
    ...(streams && { stream: true, partial_images: PARTIALS }),
  };
}

export type WishProblem = "prompt" | "long" | "jpeg";

/** Why a wish cannot be fulfilled, said before asking; null where nothing is known against it. */
export function wishProblem(prompt: string, options: Options, needsPrompt: boolean): WishProblem | null {
  if (needsPrompt && !prompt.trim()) return "prompt";
  if (prompt.length > LIMITS.prompt) return "long";
  return options.background === "transparent" && options.format === "jpeg" ? "jpeg" : null;
}

/** The wish as a form, for the routes that take pictures. */
export function formOf({ body, files, parent }: Wish): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) form.append(name, String(value));
  if (parent) form.append("parent", parent);
  if (files.image) form.append("image", files.image, nameOf("picture", files.image));
  if (files.mask) form.append("mask", files.mask, nameOf("mask", files.mask));
  return form;
}

function nameOf(name: string, file: Blob): string {
  return `${name}.${file.type.replace("image/", "").replace(/\+.*/, "") || "png"}`;
}
