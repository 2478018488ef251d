import { send } from "@/api/client";
import { ApiError } from "@/api/errors";
import { eventsOf } from "@/api/stream";
import type { Call, CallBody } from "@/parts/callCode";
import type { Picture, Tell, Usage } from "./made";

type PictureUsage = { input_tokens: number; output_tokens: number };
type WirePicture = { b64_json?: string; url?: string; seed?: number; revised_prompt?: string };
type PictureEvent = WirePicture & { type: string; index?: number; usage?: PictureUsage; error?: { message?: string; code?: string } };

/** Ask for pictures, whole or as they form. Throws ApiError. */
export async function askPictures(path: string, { body }: Call, signal: AbortSignal, tell: Tell): Promise<void> {
  const answer = await send("POST", path, body, { signal });
  if (body["stream"] !== true) {
    const { data, usage } = (await answer.json()) as { data: WirePicture[]; usage?: PictureUsage };
    return tell({ pictures: data.map((one) => pictureOf(one, body, true)), usage: usage ? usageOf(usage) : null });
  }
  const pictures: Picture[] = [];
  const usage: Usage = { input: 0, output: 0 };
  let finished = 0;
  for await (const event of eventsOf<PictureEvent>(answer)) {
    if (event.error) throw new ApiError(500, event.error.message ?? "", event.error.code ?? "");
    const done = event.type.endsWith(".completed");
    // Engines that do not number their pictures finish them one after the other.
    const place = event.index ?? finished;
    const before = pictures[place];
    pictures[place] = pictureOf(event, body, done);
    if (done) finished += 1;
    if (event.usage) {
      usage.input += event.usage.input_tokens;
      usage.output += event.usage.output_tokens;
    }
    tell({ pictures: pictures.filter(Boolean), usage: finished > 0 ? { ...usage } : null });
    if (before) URL.revokeObjectURL(before.address);
  }
}

function usageOf(usage: PictureUsage): Usage {
  return { input: usage.input_tokens, output: usage.output_tokens };
}

function pictureOf({ b64_json: data, url, seed, revised_prompt: revised }: WirePicture, body: CallBody, finished: boolean): Picture {
  const format = typeof body["output_format"] === "string" ? body["output_format"] : "png";
  const type = format === "svg" ? "image/svg+xml" : `image/${format}`;
  const address = data ? URL.createObjectURL(new Blob([bytesOf(data)], { type })) : (url ?? "");
  return { address, finished, seed: seed ?? null, revised: revised ?? null };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

type Listed<Item> = { data: Item[]; usage?: { prompt_tokens: number } };

/** Ask for vectors. Throws ApiError. */
export async function askVectors(path: string, { body }: Call, signal: AbortSignal, tell: Tell): Promise<void> {
  const answer = (await (await send("POST", path, body, { signal })).json()) as Listed<{ embedding: number[] | string }>;
  const vectors = answer.data.map(({ embedding }) => (typeof embedding === "string" ? [...new Float32Array(bytesOf(embedding).buffer)] : embedding));
  tell({ vectors, usage: answer.usage ? { input: answer.usage.prompt_tokens, output: 0 } : null });
}

/** Ask how good answers are. Throws ApiError. */
export async function askScores(path: string, { body }: Call, signal: AbortSignal, tell: Tell): Promise<void> {
  const answer = (await (await send("POST", path, body, { signal })).json()) as Listed<{ score: number }>;
  tell({ scores: answer.data.map(({ score }) => score), usage: answer.usage ? { input: answer.usage.prompt_tokens, output: 0 } : null });
}
