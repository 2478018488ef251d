import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { type TextKey, useLanguage, useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { useCopy } from "@/parts/useCopy";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { SelectField } from "@/ui/Field";
import { changeThread } from "./queries";
import type { Chat, Share } from "./types";

const DAY = 86_400;
const TIMES: [number, TextKey][] = [
  [DAY, "share.day"],
  [7 * DAY, "share.week"],
  [30 * DAY, "share.month"],
  [365 * DAY, "share.year"],
];

/** A link to what is shown now, for whoever has it, until it expires or is taken back. */
export function ShareDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const t = useT();
  const language = useLanguage();
  const memory = useQueryClient();
  const errorText = useErrorText();
  const [seconds, setSeconds] = useState(7 * DAY);
  const [busy, setBusy] = useState(false);
  const [copied, copy] = useCopy();
  const { shared } = chat;

  const act = async (change: () => Promise<Share | null>) => {
    setBusy(true);
    try {
      const link = await change();
      changeThread(memory, chat.id, (thread) => ({ ...thread, shared: link }));
    } catch (error) {
      toast({ text: errorText(error), bad: true });
    } finally {
      setBusy(false);
    }
  };
  const make = () => act(() => api.post<Share>(`/v1/chats/${chat.id}/share`, { expires_in_seconds: seconds }));
  const revoke = () => act(() => api.del(`/v1/chats/${chat.id}/share`).then(() => null));
  return (
    <Dialog open onClose={onClose} title={t("share.title")}>
      <div className="flex flex-col gap-4">
        <p className="text-quiet">{t("share.why")}</p>
        {shared && (
          <div className="flex flex-col gap-2 rounded-md border border-line p-3">
            <a href={shared.url} target="_blank" rel="noopener" className="text-sm break-all text-accent underline underline-offset-2">
              {shared.url}
            </a>
            <p className="text-sm text-quiet">
              {t("share.until", { date: new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(shared.expires_at * 1000) })}
            </p>
            <div className="flex flex-wrap gap-2">
              <Button look="primary" onClick={() => copy(shared.url)}>
                {copied ? t("common.copied") : t("share.copy")}
              </Button>
              <Button look="danger" busy={busy} onClick={() => void revoke()}>
                {t("share.revoke")}
              </Button>
            </div>
          </div>
        )}
        <SelectField label={t("share.expires")} value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
          {TIMES.map(([value, key]) => (
            <option key={value} value={value}>
              {t(key)}
            </option>
          ))}
        </SelectField>
        <Button look={shared ? "plain" : "primary"} busy={busy} onClick={() => void make()}>
          {t(shared ? "share.again" : "share.make")}
        </Button>
      </div>
    </Dialog>
  );
}
