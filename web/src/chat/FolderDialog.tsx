import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { useAttaching } from "@/parts/attaching";
import { useErrorText } from "@/parts/ErrorState";
import { FileChip } from "@/parts/FileChip";
import { useChatModels } from "@/parts/models";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { SelectField, TextField } from "@/ui/Field";
import { TextArea } from "@/ui/TextArea";
import { refreshLists } from "./queries";
import type { Folder } from "./types";

/** A project: chats with instructions, files and a deployment of their own. `folder` null: a new one. */
export function FolderDialog({ folder, onClose }: { folder: Folder | null; onClose: () => void }) {
  const t = useT();
  const memory = useQueryClient();
  const [, go] = useLocation();
  const errorText = useErrorText();
  const models = useChatModels();
  const [name, setName] = useState(folder?.name ?? "");
  const [instructions, setInstructions] = useState(folder?.instructions ?? "");
  const [deployment, setDeployment] = useState(folder?.deployment ?? "");
  const files = useAttaching(deployment || null);
  const chooser = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  const [saving, setSaving] = useState(false);
  const { restore } = files;
  const first = useRef(restore);
  useEffect(() => first.current(folder?.attachments ?? []), [folder]);

  const save = async () => {
    if (!name.trim()) return setMissing(true);
    setSaving(true);
    const body = { name: name.trim(), instructions, deployment: deployment || null, attachments: files.ready.map((file) => file.id) };
    try {
      const saved = await api.post<Folder>(folder ? `/v1/chats/folders/${folder.id}` : "/v1/chats/folders", body);
      void memory.invalidateQueries({ queryKey: ["folders"] });
      onClose();
      go(`/chat?project=${saved.id}`);
    } catch (error) {
      toast({ text: errorText(error), bad: true });
      setSaving(false);
    }
  };
  const remove = async () => {
    if (!folder) return;
    try {
      await api.del(`/v1/chats/folders/${folder.id}`);
      void memory.invalidateQueries({ queryKey: ["folders"] });
      refreshLists(memory);
      onClose();
      go("/chat");
      toast({ text: t("project.deleted", { name: folder.name }) });
    } catch (error) {
      toast({ text: errorText(error), bad: true });
    }
  };
  return (
    <Dialog open onClose={onClose} title={folder ? t("project.edit") : t("project.new")}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField label={t("project.name")} maxLength={200} dir="auto" value={name} onChange={(event) => setName(event.target.value)} error={missing && !name.trim() ? t("project.nameMissing") : undefined} />
        <TextArea rows={4} label={t("project.instructions")} hint={t("project.instructionsWhy")} value={instructions} onChange={(event) => setInstructions(event.target.value)} />
        <SelectField label={t("model.title")} value={deployment} onChange={(event) => setDeployment(event.target.value)}>
          <option value="">{t("project.anyModel")}</option>
          {models.map((model) => (
            <option key={model.id} value={model.id}>
              {model.id}
            </option>
          ))}
        </SelectField>
        <div className="flex flex-col gap-2">
          <div className="flex items-center justify-between gap-2">
            <span className="font-medium">{t("project.files")}</span>
            <Button onClick={() => chooser.current?.click()}>{t("project.addFiles")}</Button>
            <input
              ref={chooser}
              type="file"
              multiple
              hidden
              onChange={(event) => {
                files.add([...(event.target.files ?? [])]);
                event.target.value = "";
              }}
            />
          </div>
          {files.list.map((one) => (
            <FileChip key={one.key} name={one.name} file={one.file} error={one.error} onRemove={() => files.remove(one.key)} />
          ))}
        </div>
        <div className="flex flex-wrap justify-end gap-2">
          {folder && (
            <Button look="danger" className="mr-auto" onClick={() => void remove()}>
              {t("project.delete")}
            </Button>
          )}
          <Button look="primary" type="submit" busy={saving || files.busy}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
