import { type TextKey, useT } from "@/i18n";

// Why ratings are left out, as the server tells it.
const WHY: Record<string, TextKey> = {
  "no consent": "lessons.why.consent",
  "nothing kept of question and answer": "lessons.why.kept",
  "question or answer too long to be kept whole": "lessons.why.long",
  "not a conversation in text": "lessons.why.text",
  "no correction": "lessons.why.correction",
  "no correction, and no answer to the same question rated the other way": "lessons.why.pair",
  "said twice": "lessons.why.twice",
};

/** Why a rating is left out, in the reader's language where the reason is known. */
export function useWhy(): (reason: string) => string {
  const t = useT();
  return (reason) => (WHY[reason] ? t(WHY[reason]) : reason);
}
