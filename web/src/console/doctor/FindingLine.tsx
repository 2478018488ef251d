import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { Finding } from "./DoctorPage";

const MARKS = { ok: [CircleCheck, "text-good"], warning: [TriangleAlert, "text-warn"], wrong: [CircleX, "text-bad"] } as const;

/** One thing that was looked at: what was found, and what to do where it is not all right. */
export function FindingLine({ finding: { check, verdict, found, mend } }: { finding: Finding }) {
  const t = useT();
  const [Sign, tone] = MARKS[verdict];
  return (
    <li className="flex min-w-0 gap-3 border-b border-line p-3 last:border-b-0">
      <Sign aria-label={t(`doctor.verdict.${verdict}`)} className={cx("mt-0.5 size-4 shrink-0", tone)} />
      {/* The server's own words, as its logs have them: a screen reader shall not read them as French. */}
      <div className="grid min-w-0 grow gap-x-6 gap-y-1 md:grid-cols-[14rem_minmax(0,1fr)]">
        <p lang="en" className="font-medium break-words">
          {check}
        </p>
        <div className="min-w-0 break-words">
          <p lang="en" className="whitespace-pre-line">
            {found}
          </p>
          {mend && <p className="mt-1">{t("doctor.mend", { mend })}</p>}
        </div>
      </div>
    </li>
  );
}
