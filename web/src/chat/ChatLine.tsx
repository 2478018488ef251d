import { Ellipsis } from "lucide-react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { ChatMenu } from "./ChatMenu";
import type { Shelf } from "./queries";
import type { Chat } from "./types";

/** One chat of the list. */
export function ChatLine({ chat, here, shelf }: { chat: Chat; here: boolean; shelf: Shelf }) {
  const t = useT();
  const title = chat.title || t("chat.untitled");
  const search = shelf.folder ? `?project=${shelf.folder}` : shelf.archived ? "?archived=true" : "";
  return (
    <div className={cx("group relative flex items-center rounded-sm", here ? "bg-chosen" : "hover:bg-hover")}>
      <Link href={`/chat/${chat.id}${search}`} aria-current={here ? "page" : undefined} title={title} className="flex h-9 min-w-0 grow items-center rounded-sm px-2 coarse:h-11" dir="auto">
        <span className="truncate">{title}</span>
      </Link>
      <ChatMenu
        chat={chat}
        trigger={
          <button
            type="button"
            aria-label={t("chat.menuOf", { title })}
            className="mr-1 flex size-7 shrink-0 items-center justify-center rounded-sm text-quiet opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-line hover:text-ink data-popup-open:opacity-100 coarse:size-11 coarse:opacity-100"
          >
            <Ellipsis aria-hidden className="size-4" />
          </button>
        }
      />
    </div>
  );
}
