import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import type { Feedback, Verdict } from "@/chat/types";
import { type TextKey, useT } from "@/i18n";
import { Button, IconButton } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { Hint } from "@/ui/Hint";
import { Switch } from "@/ui/Switch";

export type Rating = { verdict: Verdict; reasons: string[]; correction: string | null; consent: boolean };

const THUMBS = { up: { icon: ThumbsUp, label: "feedback.up" }, down: { icon: ThumbsDown, label: "feedback.down" } } as const;
const REASONS: Record<Verdict, Record<string, TextKey>> = {
  up: { correct: "feedback.correct", clear: "feedback.clear", style: "feedback.style", complete: "feedback.complete" },
  down: {
    incorrect: "feedback.incorrect",
    instructions: "feedback.instructions",
    incomplete: "feedback.incomplete",
    unclear: "feedback.unclear",
    unsafe: "feedback.unsafe",
    refused: "feedback.refused",
  },
};

type ThumbsProps = { given: Feedback | null; onRate: (verdict: Verdict) => void; onTakeBack: () => void };

/** Good or bad, with one click; once more takes it back. */
export function Thumbs({ given, onRate, onTakeBack }: ThumbsProps) {
  const t = useT();
  return (["up", "down"] as const).map((verdict) => {
    const { icon: Icon, label } = THUMBS[verdict];
    const pressed = given?.verdict === verdict;
    return (
      <Hint key={verdict} text={t(label)}>
        <IconButton label={t(label)} pressed={pressed} onClick={() => (pressed ? onTakeBack() : onRate(verdict))}>
          <Icon aria-hidden />
        </IconButton>
      </Hint>
    );
  });
}

type FeedbackFormProps = { given: Feedback; answer: string; onSave: (rating: Rating) => void; onClose: () => void };

/** Why, what it should have said, and whether it may be learned from: what makes a rating worth training on. */
export function FeedbackForm({ given, answer, onSave, onClose }: FeedbackFormProps) {
  const t = useT();
  const [reasons, setReasons] = useState<readonly string[]>(given.reasons);
  const [correction, setCorrection] = useState(given.correction ?? "");
  const [consent, setConsent] = useState(given.consent);
  const toggle = (reason: string) => setReasons(reasons.includes(reason) ? reasons.filter((one) => one !== reason) : [...reasons, reason]);
  return (
    <form
      aria-label={t("feedback.title")}
      className="mt-2 flex max-w-xl flex-col gap-4 rounded-md border border-line p-4"
      onSubmit={(event) => {
        event.preventDefault();
        onSave({ verdict: given.verdict, reasons: [...reasons], correction: correction.trim() || null, consent });
      }}
    >
      <fieldset>
        <legend className="mb-2 font-medium">{t(given.verdict === "up" ? "feedback.whyGood" : "feedback.whyBad")}</legend>
        <div className="flex flex-wrap gap-2">
          {Object.entries(REASONS[given.verdict]).map(([reason, key]) => (
            <button
              key={reason}
              type="button"
              aria-pressed={reasons.includes(reason)}
              className={cx(
                "h-8 rounded-full border px-3 text-sm coarse:h-11",
                reasons.includes(reason) ? "border-accent bg-accent-wash text-accent" : "border-line-strong hover:bg-hover",
              )}
              onClick={() => toggle(reason)}
            >
              {t(key)}
            </button>
          ))}
        </div>
      </fieldset>
      <label className="flex flex-col gap-1.5 font-medium">
        {t("feedback.correction")}
        <textarea
          rows={3}
          dir="auto"
          placeholder={answer.slice(0, 120)}
          className="max-h-60 rounded-sm border border-control bg-page p-2.5 font-normal [field-sizing:content] placeholder:text-quiet"
          value={correction}
          onChange={(event) => setCorrection(event.target.value)}
        />
      </label>
      <Switch label={t("feedback.consent")} hint={t("feedback.consentWhy")} checked={consent} onChange={setConsent} />
      <div className="flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t("common.close")}
        </Button>
        <Button look="primary" type="submit">
          {t("feedback.save")}
        </Button>
      </div>
    </form>
  );
}
