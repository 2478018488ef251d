import type { ToolCall } from "./bench";

/** A token as the model saw it: `logprob` null where there is none (the first of a text). */
export type Token = { text: string; logprob: number | null; others: readonly { text: string; logprob: number }[] };

export type Choice = { text: string; reasoning: string; calls: readonly ToolCall[]; tokens: readonly Token[]; finish: string | null };
export type Picture = { address: string; finished: boolean; seed: number | null; revised: string | null };
export type Usage = { input: number; output: number };

/** What a call has brought so far. */
export type Made = {
  choices: readonly Choice[];
  pictures: readonly Picture[];
  vectors: readonly (readonly number[])[];
  scores: readonly number[];
  usage: Usage | null;
};

export const NOTHING: Made = { choices: [], pictures: [], vectors: [], scores: [], usage: null };

/** Tells what there is so far. The first time that something is there is the first token's. */
export type Tell = (made: Partial<Made>) => void;
