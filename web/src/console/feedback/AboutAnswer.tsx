import { useT } from "@/i18n";
import type { WholeRow } from "./feedback";

const ROLES = { system: "inbox.role.system", developer: "inbox.role.system", user: "inbox.role.user", assistant: "inbox.role.assistant" } as const;

/** Question and answer, where who gave the feedback agreed that they are read. */
export function AboutAnswer({ row }: { row: WholeRow }) {
  const t = useT();
  const named = (role: string) => (role in ROLES ? t(ROLES[role as keyof typeof ROLES]) : role);
  const turns = row.about ? [...row.about.messages, { role: "assistant", content: row.about.answer }] : [];
  return (
    <section>
      <h2 className="mb-2 font-semibold">{t("inbox.about")}</h2>
      {!row.about && <p className="max-w-read text-quiet">{t(row.consent ? "inbox.notKept" : "inbox.withheld")}</p>}
      <ol className="flex flex-col gap-3">
        {turns.map((turn, index) => (
          <li key={index} className="max-w-read rounded-md border border-line p-3">
            <p className="mb-1 text-xs text-quiet">{named(turn.role)}</p>
            <p dir="auto" className="break-words whitespace-pre-wrap">
              {turn.content || "–"}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}
