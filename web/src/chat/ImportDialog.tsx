import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { FileDrop } from "@/parts/FileDrop";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { refreshLists } from "./queries";

type Imported = { imported: number; skipped: { title: string; reason: string }[] };

/** Chats from elsewhere: what came, and what did not and why. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const memory = useQueryClient();
  const errorText = useErrorText();
  const chooser = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<Imported | null>(null);
  const [error, setError] = useState<string | null>(null);

  const read = async (file: File | undefined) => {
    if (!file) return;
    setBusy(true);
    setError(null);
    const form = new FormData();
    form.append("file", file);
    try {
      setDone(await api.post<Imported>("/v1/chats/import", form));
      refreshLists(memory);
    } catch (failure) {
      setError(errorText(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("import.title")}>
      <FileDrop onFiles={(files) => void read(files[0])}>
        <div className="flex flex-col gap-4">
          <p className="text-quiet">{t("import.why")}</p>
          <Button look="primary" busy={busy} onClick={() => chooser.current?.click()}>
            {t("import.choose")}
          </Button>
          <input
            ref={chooser}
            type="file"
            accept=".json,.zip,application/json,application/zip"
            hidden
            onChange={(event) => {
              void read(event.target.files?.[0]);
              event.target.value = "";
            }}
          />
          {error && (
            <p role="alert" className="text-bad">
              {error}
            </p>
          )}
          {done && (
            <div role="status">
              <p className="font-medium">{t.count("import.done", done.imported)}</p>
              {done.skipped.length > 0 && (
                <details className="mt-2">
                  <summary className="text-quiet">{t.count("import.skipped", done.skipped.length)}</summary>
                  <ul className="mt-1 flex flex-col gap-1 text-sm">
                    {done.skipped.map((one, index) => (
                      <li key={index}>
                        {one.title || t("chat.untitled")}: <span className="text-quiet">{one.reason}</span>
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </div>
          )}
        </div>
      </FileDrop>
    </Dialog>
  );
}
