/** The things of Chat as its routes tell them (docs/api.md). Times are Unix seconds. */

export type Status = "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";
export type Verdict = "up" | "down";

export type Attachment = {
  id: string;
  name: string;
  bytes: number;
  kind: "text" | "pdf" | "word" | "image";
  pages: number | null;
  characters: number;
  /** Share of the text that a model is given, 0 to 1. */
  read: number;
  notice: string | null;
};

export type Feedback = { message: string; verdict: Verdict; reasons: string[]; correction: string | null; consent: boolean };
/** What a filter found of one kind: a severity, or whether it is there; of blocklists, which. */
export type Finding = { filtered: boolean; severity?: "safe" | "low" | "medium" | "high"; detected?: boolean; details?: { id: string; filtered: boolean }[] };
/** What a deployment's filter found in a prompt or in an answer. */
export type ContentFilter = { source_type: "prompt" | "completion"; blocked: boolean; content_filter_results?: Record<string, Finding>; content_filter_result?: unknown };
export type Usage = { input_tokens: number; output_tokens: number; total_tokens: number };
export type Timings = { first_token_ms: number | null; total_ms: number | null };

/** A picture that was made, as the Responses API tells it; `picture`: its id in the gallery, where that keeps it. */
export type PictureCall = {
  type: "image_generation_call";
  id: string;
  status: "in_progress" | "generating" | "completed" | "incomplete" | "failed";
  prompt: string;
  revised_prompt?: string | null;
  picture?: string;
  store_error?: { code: string; message: string };
  seed?: number;
  size?: string;
  quality?: string;
  output_format?: string;
};
/** A function that the model called. */
export type FunctionCalled = { type: "function_call"; id: string; name: string; arguments: string };
export type Call = PictureCall | FunctionCalled;

export type Message = {
  id: string;
  chat: string;
  parent: string | null;
  role: "user" | "assistant";
  content: string;
  attachments: Attachment[];
  calls: Call[];
  status: Status;
  response_id: string | null;
  deployment: string | null;
  error: { code?: string; message?: string } | null;
  usage: Usage | null;
  timings: Timings | null;
  /** Null where no filter looked at it. */
  content_filters: ContentFilter[] | null;
  feedback: Feedback | null;
  created: number;
};

export type Share = { id: string; url: string; expires_at: number };

export type Chat = {
  id: string;
  title: string;
  created: number;
  updated: number;
  pinned: boolean;
  archived: boolean;
  folder: string | null;
  deployment: string | null;
  instructions: string;
  /** The last message of the branch that is shown. */
  current: string | null;
  temporary: boolean;
  shared: Share | null;
};

export type Thread = Chat & { messages: Message[] };
export type List<T> = { data: T[]; has_more: boolean; last_id: string | null };
export type Folder = { id: string; name: string; instructions: string; deployment: string | null; attachments: Attachment[] };
export type Found = { chat: string; message: string | null; title: string; snippet: string; ranges: [number, number][]; created: number };

export type SharedChat = {
  title: string;
  created: number;
  expires_at: number;
  messages: { role: "user" | "assistant"; content: string; attachments: string[]; deployment: string | null; created: number }[];
};
