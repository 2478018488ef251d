import { type TextKey, useT } from "@/i18n";

/** Reasons that Chat offers; a program may send any other. */
export const REASONS: Record<string, TextKey> = {
  incorrect: "feedback.incorrect",
  instructions: "feedback.instructions",
  incomplete: "feedback.incomplete",
  unclear: "feedback.unclear",
  unsafe: "feedback.unsafe",
  refused: "feedback.refused",
  correct: "feedback.correct",
  clear: "feedback.clear",
  style: "feedback.style",
  complete: "feedback.complete",
};

/** A reason in the reader's language, where it is one of ours. */
export function useReason(): (reason: string) => string {
  const t = useT();
  return (reason) => {
    const key = REASONS[reason];
    return key ? t(key) : reason;
  };
}
