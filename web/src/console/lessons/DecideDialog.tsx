import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { FormEnd } from "../users/FormEnd";
import { type Decision, type Lesson, useDecide } from "./lessons";

/** Everybody is served something else after it, so it asks. */
export function DecideDialog({ lesson, decision, onClose }: { lesson: Lesson; decision: Decision; onClose: () => void }) {
  const t = useT();
  const decide = useDecide(lesson.id);
  return (
    <Dialog open onClose={onClose} title={t(`lessons.${decision}Title`, { deployment: lesson.deployment })}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          decide.mutate(decision, { onSuccess: onClose });
        }}
      >
        <p>{t(`lessons.${decision}Why`, { model: lesson.candidate?.model ?? "–" })}</p>
        <FormEnd does={t(`lessons.${decision}`)} error={decide.error} busy={decide.isPending} onClose={onClose} danger={decision === "rollback"} />
      </form>
    </Dialog>
  );
}
