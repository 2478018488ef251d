import { useQuery } from "@tanstack/react-query";
import { send } from "@/api/client";

/** The first lines of a file, each as it stands there; `more`: it has others. */
export type Lines = { lines: string[]; more: boolean };

/** Look at the beginning of a file without fetching the rest of it. */
export function useFirstLines(file: string | null, most: number) {
  return useQuery({
    queryKey: ["files", file, "lines", most],
    enabled: file !== null,
    staleTime: Infinity, // a file never changes
    queryFn: ({ signal }) => firstLines(file ?? "", most, signal),
  });
}

async function firstLines(file: string, most: number, signal: AbortSignal): Promise<Lines> {
  const answer = await send("GET", `/v1/files/${encodeURIComponent(file)}/content`, undefined, { signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return { lines: [], more: false };
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      text += value ?? "";
      const lines = text.split("\n").filter((line) => line.trim());
      if (done) return { lines: lines.slice(0, most), more: lines.length > most };
      if (lines.length > most + 1) return { lines: lines.slice(0, most), more: true };
    }
  } finally {
    void reader.cancel().catch(() => undefined); // at its end already
  }
}

export type Said = { role: string; text: string };

/** A line as messages, as far as it has the form of one: conversations, pairs, prompts, requests and their answers. */
export function saidIn(line: string): Said[] | null {
  try {
    const row = JSON.parse(line) as Record<string, unknown>;
    return [...messagesOf(row), ...answersOf(row)].filter(({ text }) => text !== "");
  } catch {
    return null;
  }
}

function messagesOf(row: Record<string, unknown>): Said[] {
  const body = objectAt(row, "body") ?? row;
  const input = objectAt(row, "input");
  const messages = body["messages"] ?? input?.["messages"];
  if (Array.isArray(messages)) return messages.map((message) => saidBy(message));
  const asked = body["prompt"] ?? body["input"];
  return typeof asked === "string" ? [{ role: "user", text: asked }] : [];
}

function answersOf(row: Record<string, unknown>): Said[] {
  const found: Said[] = [];
  if (typeof row["completion"] === "string") found.push({ role: "assistant", text: row["completion"] });
  for (const [name, role] of [["preferred_output", "preferred"], ["non_preferred_output", "not preferred"]] as const) {
    const outputs = row[name];
    if (Array.isArray(outputs)) found.push(...outputs.map((output) => ({ ...saidBy(output), role })));
  }
  const answer = objectAt(objectAt(row, "response") ?? {}, "body");
  const choices = answer?.["choices"];
  if (Array.isArray(choices)) {
    for (const choice of choices as Record<string, unknown>[]) found.push(objectAt(choice, "message") ? saidBy(choice["message"]) : { role: "assistant", text: String(choice["text"] ?? "") });
  }
  const error = objectAt(row, "error") ?? (answer ? objectAt(answer, "error") : undefined);
  if (typeof error?.["message"] === "string") found.push({ role: "error", text: error["message"] });
  return found;
}

function saidBy(message: unknown): Said {
  const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
  const parts = Array.isArray(content) ? (content as { text?: unknown }[]) : [{ text: content }];
  return { role: typeof role === "string" ? role : "assistant", text: parts.map(({ text }) => (typeof text === "string" ? text : "")).join("") };
}

function objectAt(row: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const value = row[name];
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
