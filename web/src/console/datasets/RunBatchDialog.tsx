import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { SelectField } from "@/ui/Field";
import { useStartBatch } from "../jobs/jobs";
import { FormEnd } from "../users/FormEnd";
import type { StoredFile } from "./files";
import { useFirstLines } from "./rows";

const ENDPOINTS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/moderations", "/v1/images/generations"];

/** Run the requests of a file within a day; which route they ask for, its first line says. */
export function RunBatchDialog({ file, onClose }: { file: StoredFile; onClose: () => void }) {
  const t = useT();
  const [, go] = useLocation();
  const start = useStartBatch();
  const [chosen, setChosen] = useState("");
  const endpoint = chosen || guess(useFirstLines(file.id, 1).data?.lines[0] ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate({ input_file_id: file.id, endpoint, completion_window: "24h" }, { onSuccess: ({ id }) => go(`/console/jobs/${id}`) });
  };
  return (
    <Dialog open onClose={onClose} title={t("data.runTitle", { name: file.filename })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-quiet">{t("data.runWhy")}</p>
        <SelectField label={t("data.endpoint")} value={endpoint} onChange={(event) => setChosen(event.target.value)}>
          {ENDPOINTS.map((path) => (
            <option key={path}>{path}</option>
          ))}
        </SelectField>
        <FormEnd does={t("data.run")} error={start.error} busy={start.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function guess(line: string): string {
  try {
    const { url } = JSON.parse(line) as { url?: string };
    return ENDPOINTS.find((path) => url === path || `/v1${url}` === path) ?? ENDPOINTS[0] ?? "";
  } catch {
    return ENDPOINTS[0] ?? "";
  }
}
