import { reached, unreachable } from "./connection";
import { ApiError, errorOf } from "./errors";
import { csrfToken } from "./session";

/**
 * Send a form and tell how much of it has gone (0 to 1): what `fetch` cannot tell. Throws ApiError, and the signal's reason.
 */
export function upload<Made>(path: string, form: FormData, onProgress: (share: number) => void, signal: AbortSignal): Promise<Made> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("x-csrf-token", csrfToken());
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      reached();
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Made);
      else void errorOf(new Response(request.responseText, { status: request.status, statusText: request.statusText })).then(reject);
    };
    request.onerror = () => {
      unreachable();
      reject(new ApiError(0, "The server cannot be reached."));
    };
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
