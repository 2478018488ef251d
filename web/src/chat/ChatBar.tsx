import { Ellipsis, Ghost, Settings2, Share2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { ModelPicker } from "@/parts/ModelPicker";
import { IconButton } from "@/ui/Button";
import { Hint } from "@/ui/Hint";
import { ChatMenu } from "./ChatMenu";
import { FolderDialog } from "./FolderDialog";
import { ShareDialog } from "./ShareDialog";
import type { Chat, Folder } from "./types";

type ChatBarProps = {
  title: string;
  chat: Chat | null;
  folder: Folder | null;
  temporary: boolean;
  deployment: string | null;
  onChoose: (deployment: string) => void;
};

/** The top of a chat: what it is called, who answers, with whom it is shared. */
export function ChatBar({ title, chat, folder, temporary, deployment, onChoose }: ChatBarProps) {
  const t = useT();
  const [open, setOpen] = useState<"share" | "project" | null>(null);
  return (
    <>
      <h1 className="min-w-0 grow truncate font-semibold" dir="auto">
        {title}
      </h1>
      <ModelPicker chosen={deployment} onChoose={onChoose} />
      {!chat && !folder && (
        <Hint text={t(temporary ? "chat.notTemporary" : "keys.temporaryChat")}>
          <Link
            href={temporary ? "/chat" : "/chat?temporary=true"}
            aria-label={t(temporary ? "chat.notTemporary" : "keys.temporaryChat")}
            className={`inline-flex size-8 shrink-0 items-center justify-center rounded-sm hover:bg-hover hover:text-ink coarse:size-11 ${temporary ? "bg-chosen text-ink" : "text-quiet"}`}
          >
            <Ghost aria-hidden className="size-[18px]" />
          </Link>
        </Hint>
      )}
      {!chat && folder && (
        <Hint text={t("project.edit")}>
          <IconButton label={t("project.edit")} onClick={() => setOpen("project")}>
            <Settings2 aria-hidden />
          </IconButton>
        </Hint>
      )}
      {chat && (
        <>
          {!chat.temporary && (
            <Hint text={t("share.title")}>
              <IconButton label={t("share.title")} pressed={chat.shared !== null} onClick={() => setOpen("share")}>
                <Share2 aria-hidden />
              </IconButton>
            </Hint>
          )}
          <ChatMenu
            chat={chat}
            trigger={
              <IconButton label={t("chat.menu")}>
                <Ellipsis aria-hidden />
              </IconButton>
            }
          />
        </>
      )}
      {open === "share" && chat && <ShareDialog chat={chat} onClose={() => setOpen(null)} />}
      {open === "project" && folder && <FolderDialog folder={folder} onClose={() => setOpen(null)} />}
    </>
  );
}
