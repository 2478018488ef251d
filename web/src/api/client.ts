import { reached, unreachable } from "./connection";
import { ApiError, errorOf } from "./errors";
import { csrfToken, readSession, signedIn, signedInAgain } from "./session";

export { ApiError } from "./errors";

export type Options = {
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** The request goes out even while the tab is being closed. */
  keepalive?: boolean;
};
type Method = "GET" | "POST" | "DELETE";

/**
 * Calls of the public API with the session cookie. Paths are the documented ones, whole: "/v1/models".
 * Throws ApiError. A session that ended meanwhile is no error: the call waits until the person has signed in again.
 */
export const api = {
  get: <T>(path: string, options?: Options) => json<T>("GET", path, undefined, options),
  post: <T>(path: string, body?: unknown, options?: Options) => json<T>("POST", path, body, options),
  del: <T>(path: string, options?: Options) => json<T>("DELETE", path, undefined, options),
};

async function json<T>(method: Method, path: string, body: unknown, options: Options = {}): Promise<T> {
  const answer = await send(method, path, body, options);
  return (await answer.json()) as T;
}

/** The answer itself, for downloads and streams. `body`: FormData as it is, anything else as JSON. Throws ApiError. */
export async function send(method: Method, path: string, body: unknown, options: Options = {}): Promise<Response> {
  const first = await once(method, path, body, options);
  if (first.ok) return first;
  const error = await errorOf(first);
  if (path.startsWith("/auth/")) throw error;
  // A second try: by whoever signs in again, or with the token of the session that another tab began. A 401 is also what
  // OpenAI's dialect says to somebody who is signed in and may not: only the server knows which it is.
  if (error.status !== 401 && !(error.status === 403 && isForged(error))) throw error;
  const before = csrfToken();
  await readSession();
  if (!signedIn()) await signedInAgain(options.signal);
  else if (csrfToken() === before) throw error;
  const second = await once(method, path, body, options);
  if (second.ok) return second;
  throw await errorOf(second);
}

/** Whether a write lacked the token of the session that is in force now (its message names the header). */
function isForged(error: ApiError): boolean {
  return error.code === "csrf" || error.message.includes("x-csrf-token");
}

async function once(method: Method, path: string, body: unknown, options: Options): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  const token = csrfToken();
  if (method !== "GET" && token) headers["x-csrf-token"] = token;
  let content: BodyInit | null = null;
  if (body instanceof FormData) content = body;
  else if (body !== undefined) {
    content = JSON.stringify(body);
    headers["content-type"] = "application/json";
  }
  try {
    const answer = await fetch(path, { method, headers, body: content, signal: options.signal ?? null, keepalive: options.keepalive ?? false });
    reached();
    return answer;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    unreachable();
    throw new ApiError(0, "The server cannot be reached.");
  }
}
