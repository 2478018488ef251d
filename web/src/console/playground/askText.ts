import { send } from "@/api/client";
import { ApiError } from "@/api/errors";
import { eventsOf } from "@/api/stream";
import type { Call } from "@/parts/callCode";
import type { ToolCall } from "./bench";
import type { Choice, Tell, Token, Usage } from "./made";

type WireToken = { token: string; logprob: number; bytes: number[] | null; top_logprobs?: WireToken[] };
type ChatLogprobs = { content?: WireToken[] | null };
type TextLogprobs = { tokens: string[]; token_logprobs: (number | null)[]; top_logprobs: (Record<string, number> | null)[] | null };
type WireCall = { index?: number; id?: string; function?: { name?: string; arguments?: string } };
type WireMessage = { content?: string | null; reasoning_content?: string | null; tool_calls?: WireCall[] | null };
type WireChoice = {
  index: number;
  text?: string;
  delta?: WireMessage;
  message?: WireMessage;
  logprobs?: ChatLogprobs | TextLogprobs | null;
  finish_reason: string | null;
};
type Answer = {
  choices?: WireChoice[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: { message?: string; code?: string };
};

/** Ask /chat/completions or /completions, whole or streamed. Throws ApiError. */
export async function askText(path: string, { body }: Call, signal: AbortSignal, tell: Tell): Promise<void> {
  const answer = await send("POST", path, body, { signal });
  const choices: Choice[] = [];
  let usage: Usage | null = null;
  const take = (part: Answer) => {
    if (part.error) throw new ApiError(500, part.error.message ?? "", part.error.code ?? "");
    for (const choice of part.choices ?? []) choices[choice.index] = grown(choices[choice.index], choice);
    if (part.usage) usage = { input: part.usage.prompt_tokens, output: part.usage.completion_tokens };
    tell({ choices: choices.filter(Boolean), usage });
  };
  if (body["stream"] !== true) return take((await answer.json()) as Answer);
  for await (const part of eventsOf<Answer>(answer)) take(part);
}

/** A choice with what came: a part of it in a stream, else all of it. */
function grown(before: Choice | undefined, came: WireChoice): Choice {
  const message = came.delta ?? came.message;
  const had = before ?? { text: "", reasoning: "", calls: [], tokens: [], finish: null };
  return {
    text: had.text + (came.text ?? message?.content ?? ""),
    reasoning: had.reasoning + (message?.reasoning_content ?? ""),
    calls: withCalls(had.calls, message?.tool_calls ?? []),
    tokens: came.logprobs ? [...had.tokens, ...tokensOf(came.logprobs)] : had.tokens,
    finish: came.finish_reason ?? had.finish,
  };
}

function withCalls(before: readonly ToolCall[], parts: readonly WireCall[]): readonly ToolCall[] {
  if (parts.length === 0) return before;
  const calls = [...before];
  parts.forEach((part, place) => {
    const index = part.index ?? place;
    const had = calls[index] ?? { id: "", name: "", arguments: "" };
    calls[index] = {
      id: had.id || (part.id ?? ""),
      name: had.name || (part.function?.name ?? ""),
      arguments: had.arguments + (part.function?.arguments ?? ""),
    };
  });
  return calls;
}

function tokensOf(logprobs: ChatLogprobs | TextLogprobs): Token[] {
  if (!("tokens" in logprobs)) {
    return (logprobs.content ?? []).map((one) => ({
      text: readable(one),
      logprob: one.logprob,
      others: (one.top_logprobs ?? []).map((other) => ({ text: readable(other), logprob: other.logprob })),
    }));
  }
  return logprobs.tokens.map((text, index) => ({
    text,
    logprob: logprobs.token_logprobs[index] ?? null,
    others: Object.entries(logprobs.top_logprobs?.[index] ?? {})
      .map(([other, logprob]) => ({ text: other, logprob }))
      .sort((one, two) => two.logprob - one.logprob),
  }));
}

/** A token's letters; its bytes where it is only a part of one. */
function readable({ token, bytes }: WireToken): string {
  if (!token.includes("\ufffd") || !bytes) return token;
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
