/** A failure as the server tells it (OpenAI's error envelope), or 0 for a server that cannot be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  /** Seconds to wait before trying again, where the server says so. */
  readonly retryAfter: number | null;

  constructor(status: number, message: string, code = "", param: string | null = null, retryAfter: number | null = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.param = param;
    this.retryAfter = retryAfter;
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

type Envelope = { error?: { message?: unknown; code?: unknown; param?: unknown } };

/** The error that an answer holds, whatever is in its body. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const waiting = Number(answer.headers.get("retry-after"));
  const retryAfter = Number.isFinite(waiting) && waiting > 0 ? waiting : null;
  const text = await answer.text();
  try {
    const { error } = JSON.parse(text) as Envelope;
    if (typeof error?.message === "string") {
      const code = typeof error.code === "string" ? error.code : "";
      const param = typeof error.param === "string" ? error.param : null;
      return new ApiError(answer.status, error.message, code, param, retryAfter);
    }
  } catch {
    // Not JSON: a proxy's page, or nothing at all. Its status has to do.
  }
  return new ApiError(answer.status, `HTTP ${answer.status} ${answer.statusText}`.trim(), "", null, retryAfter);
}
