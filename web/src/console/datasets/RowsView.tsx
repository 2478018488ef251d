import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Skeleton } from "@/ui/Skeleton";
import { useFormats } from "../formats";
import type { StoredFile } from "./files";
import { type Said, saidIn, useFirstLines } from "./rows";

const MOST = 20;
const LONGEST = 4000; // characters of a message that are shown

/** The first rows of a file, as the messages that they are; what has another form as it stands. */
export function RowsView({ file }: { file: StoredFile }) {
  const t = useT();
  const told = useErrorText();
  const { number } = useFormats();
  const { data, error } = useFirstLines(file.id, MOST);
  if (error)
    return (
      <p role="alert" className="text-bad">
        {told(error)}
      </p>
    );
  if (!data) return <Skeleton className="h-64" />;
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <h2 className="font-semibold">{t("data.rows")}</h2>
      <p className="text-quiet">{data.more ? t("data.rowsFirst", { count: data.lines.length }) : t.count("data.rowsAll", data.lines.length)}</p>
      <ol className="flex min-w-0 flex-col gap-3">
        {data.lines.map((line, place) => (
          <li key={place} className="flex min-w-0 gap-3 rounded-md border border-line p-3">
            <span className="w-6 shrink-0 text-end text-quiet tabular-nums">{number(place + 1)}</span>
            <Row line={line} said={saidIn(line)} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Row({ line, said }: { line: string; said: Said[] | null }) {
  if (!said?.length) return <pre className="min-w-0 grow overflow-hidden font-mono text-xs break-words whitespace-pre-wrap">{line.slice(0, LONGEST)}</pre>;
  return (
    <dl className="flex min-w-0 grow flex-col gap-2">
      {said.map(({ role, text }, place) => (
        <div key={place} className="min-w-0">
          <dt className={role === "error" ? "text-xs font-medium text-bad" : "text-xs font-medium text-quiet"}>{role}</dt>
          <dd dir="auto" className="break-words whitespace-pre-wrap">
            {text.slice(0, LONGEST)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
