import { Plus, Trash2 } from "lucide-react";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { TextArea } from "@/ui/TextArea";
import { Choice } from "../Choice";
import type { Blocklist } from "./filters";
import type { Wrong } from "./PolicyEditor";
import { useChoices } from "./words";

type BlocklistsProps = { lists: readonly Blocklist[]; wrong: Wrong; onChange: (lists: Blocklist[]) => void };

/** A house's own lists: words, and expressions that may not take long. */
export function Blocklists({ lists, wrong, onChange }: BlocklistsProps) {
  const t = useT();
  const free = () => {
    for (let number = lists.length + 1; ; number += 1) if (!lists.some(({ name }) => name === `list-${number}`)) return `list-${number}`;
  };
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-base font-semibold">{t("filters.blocklists")}</h2>
        <Button onClick={() => onChange([...lists, { name: free(), terms: [], patterns: [], action: "block" }])}>
          <Plus aria-hidden className="size-4" />
          {t("filters.addList")}
        </Button>
      </div>
      {lists.length === 0 && <p className="max-w-read text-quiet">{t("filters.noLists")}</p>}
      {lists.map((list, place) => (
        <Fields
          key={place}
          list={list}
          wrong={wrong?.field.startsWith(`blocklists[${place}].`) ? { ...wrong, field: wrong.field.slice(`blocklists[${place}].`.length) } : null}
          onChange={(changed) => onChange(lists.map((one, other) => (other === place ? changed : one)))}
          onRemove={() => onChange(lists.filter((_, other) => other !== place))}
        />
      ))}
    </section>
  );
}

type FieldsProps = { list: Blocklist; wrong: Wrong; onChange: (list: Blocklist) => void; onRemove: () => void };

function Fields({ list, wrong, onChange, onRemove }: FieldsProps) {
  const t = useT();
  const { actions } = useChoices();
  const error = (field: "name" | "terms" | "patterns") => (wrong?.field.startsWith(field) ? wrong.message : undefined);
  const lines = (text: string) => text.split("\n");
  return (
    <fieldset className="flex min-w-0 flex-col gap-4 rounded-md border border-line p-4">
      <legend className="sr-only">{list.name}</legend>
      <div className="flex flex-wrap items-end gap-4">
        <TextField label={t("filters.listName")} value={list.name} error={error("name")} autoComplete="off" onChange={(event) => onChange({ ...list, name: event.target.value })} className="w-52" />
        <Choice label={t("filters.listDoes", { name: list.name })} options={actions} value={list.action} onChange={(action) => onChange({ ...list, action })} />
        <Button look="danger" onClick={onRemove} className="ms-auto">
          <Trash2 aria-hidden className="size-4" />
          {t("filters.removeList")}
        </Button>
      </div>
      <div className="grid min-w-0 gap-4 sm:grid-cols-2">
        <TextArea label={t("filters.terms")} hint={t("filters.termsHint")} error={error("terms")} rows={4} value={list.terms.join("\n")} onChange={(event) => onChange({ ...list, terms: lines(event.target.value) })} />
        <TextArea label={t("filters.patterns")} hint={t("filters.patternsHint")} error={error("patterns")} rows={4} mono value={list.patterns.join("\n")} onChange={(event) => onChange({ ...list, patterns: lines(event.target.value) })} />
      </div>
    </fieldset>
  );
}
