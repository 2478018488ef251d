/** The body of a request, as the server got it. */
export type CallBody = Record<string, unknown>;

/** A call of the public API. `files`: fields of a form that hold a file (or several), by the names of the files. */
export type Call = { route: CallRoute; body: CallBody; files?: Record<string, string | readonly string[]> };

export type CallRoute = keyof typeof CALLS;

/** The methods of OpenAI's packages for a route, and the fields that Python's takes by name: others go in `extra_body`. */
type Methods = { python: string; javascript: string; known: readonly string[] };

const TEXT = ["model", "temperature", "top_p", "stream", "stream_options", "n", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs"];
const PICTURE = ["model", "prompt", "n", "size", "quality", "background", "output_format", "output_compression", "partial_images", "response_format", "stream"];

/** Every route whose calls can be shown as programs. Null: the packages have no method for it, and are told its path. */
export const CALLS = {
  "/responses": {
    python: "responses.create",
    javascript: "responses.create",
    known: [
      ...["model", "input", "instructions", "previous_response_id", "background", "store", "stream", "temperature", "top_p", "max_output_tokens", "metadata"],
      ...["include", "text", "tools", "tool_choice", "parallel_tool_calls", "top_logprobs", "truncation"],
    ],
  },
  "/chat/completions": {
    python: "chat.completions.create",
    javascript: "chat.completions.create",
    known: [...TEXT, "messages", "max_completion_tokens", "top_logprobs", "response_format", "tools", "tool_choice", "parallel_tool_calls", "store", "metadata"],
  },
  "/completions": { python: "completions.create", javascript: "completions.create", known: [...TEXT, "prompt", "suffix", "echo", "best_of"] },
  "/embeddings": { python: "embeddings.create", javascript: "embeddings.create", known: ["model", "input", "dimensions", "encoding_format"] },
  "/images/generations": { python: "images.generate", javascript: "images.generate", known: [...PICTURE, "style"] },
  "/images/edits": { python: "images.edit", javascript: "images.edit", known: [...PICTURE, "image", "mask"] },
  "/images/variations": { python: "images.create_variation", javascript: "images.createVariation", known: ["model", "image", "n", "size", "response_format"] },
  "/images/outpaint": null,
  "/rewards": null,
} as const satisfies Record<string, Methods | null>;

/** Whether a response is a picture: the tool that makes one is chosen in it. */
export function drawsResponse({ route, body }: Call): boolean {
  const tools = body["tools"];
  return route === "/responses" && Array.isArray(tools) && tools.some((tool: { type?: unknown }) => tool?.type === "image_generation");
}

/** The methods for a route; null where there are none. */
export function methodsOf(route: CallRoute): Methods | null {
  return CALLS[route];
}
