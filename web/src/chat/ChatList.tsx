import { ArrowLeft, Folder as FolderIcon, FolderPlus, Pin, Search, SquarePen } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useLanguage, useT } from "@/i18n";
import { ErrorState } from "@/parts/ErrorState";
import { keysOf, runShortcut } from "@/shell/shortcuts";
import { Button } from "@/ui/Button";
import { Hint } from "@/ui/Hint";
import { Keys } from "@/ui/Keys";
import { Skeleton, useSlow } from "@/ui/Skeleton";
import { ChatLine } from "./ChatLine";
import { byDay } from "./days";
import { FolderDialog } from "./FolderDialog";
import { useForgotten } from "./forgetting";
import { ListMenu } from "./ListMenu";
import { type Shelf, useFolders, usePinned, useShelf } from "./queries";
import type { Chat, Folder } from "./types";

/** Chats by day, pinned ones and projects above. */
export function ChatList({ shelf, open }: { shelf: Shelf; open: string | undefined }) {
  const t = useT();
  const folders = useFolders();
  const folder = folders.data?.data.find((one) => one.id === shelf.folder) ?? null;
  const outside = shelf.folder === null && !shelf.archived;
  return (
    <>
      <div className="flex items-center gap-1 p-2 pb-1">
        <Hint text={t("keys.newChat")} keys={<Keys of={keysOf("newChat")} inverse />}>
          <Link
            href={shelf.folder ? `/chat?project=${shelf.folder}` : "/chat"}
            className="flex h-9 grow items-center gap-2.5 rounded-sm px-2 font-medium whitespace-nowrap hover:bg-hover coarse:h-11"
          >
            <SquarePen aria-hidden className="size-4 shrink-0 text-quiet" />
            {t("keys.newChat")}
          </Link>
        </Hint>
        <ListMenu />
      </div>
      <div className="px-2">
        <button type="button" className="flex h-9 w-full items-center gap-2.5 rounded-sm px-2 text-left text-quiet hover:bg-hover hover:text-ink coarse:h-11" onClick={() => runShortcut("palette")}>
          <Search aria-hidden className="size-4" />
          <span className="grow">{t("chat.search")}</span>
          <span className="coarse:hidden">
            <Keys of={keysOf("palette")} />
          </span>
        </button>
      </div>
      <nav aria-label={t("chat.list")} className="min-h-0 grow overflow-y-auto p-2 pt-0">
        {!outside && (
          <Link href="/chat" className="mt-2 flex h-9 items-center gap-2.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink coarse:h-11">
            <ArrowLeft aria-hidden className="size-4" />
            {t("chat.all")}
          </Link>
        )}
        {shelf.archived && <h2 className="px-2 pt-2 font-semibold">{t("chat.archived")}</h2>}
        {folder && <h2 className="truncate px-2 pt-2 font-semibold">{folder.name}</h2>}
        {outside && folders.data && <Projects folders={folders.data.data} />}
        <Chats key={`${shelf.folder}${shelf.archived}`} shelf={shelf} open={open} />
      </nav>
    </>
  );
}

function Projects({ folders }: { folders: readonly Folder[] }) {
  const t = useT();
  const [making, setMaking] = useState(false);
  return (
    <section aria-label={t("project.title")}>
      <Heading>{t("project.title")}</Heading>
      {folders.map((folder) => (
        <Link key={folder.id} href={`/chat?project=${folder.id}`} className="flex h-9 items-center gap-2.5 rounded-sm px-2 hover:bg-hover coarse:h-11">
          <FolderIcon aria-hidden className="size-4 shrink-0 text-quiet" />
          <span className="truncate">{folder.name}</span>
        </Link>
      ))}
      <button type="button" className="flex h-9 w-full items-center gap-2.5 rounded-sm px-2 text-left text-quiet hover:bg-hover hover:text-ink coarse:h-11" onClick={() => setMaking(true)}>
        <FolderPlus aria-hidden className="size-4" />
        {t("project.new")}
      </button>
      {making && <FolderDialog folder={null} onClose={() => setMaking(false)} />}
    </section>
  );
}

function Chats({ shelf, open }: { shelf: Shelf; open: string | undefined }) {
  const t = useT();
  const language = useLanguage();
  const slow = useSlow();
  const forgotten = useForgotten();
  const pinned = usePinned(shelf);
  const rest = useShelf(shelf);
  const shown = (chats: readonly Chat[]) => chats.filter((chat) => !forgotten.has(chat.id));
  if (rest.isError) return <ErrorState error={rest.error} onRetry={() => void rest.refetch()} />;
  if (!rest.data || !pinned.data) return slow && <Waiting />;
  const top = shown(pinned.data.data);
  const groups = byDay(shown(rest.data.pages.flatMap((page) => page.data)), t, language);
  if (top.length === 0 && groups.length === 0) return <p className="px-2 py-4 text-sm text-quiet">{t(shelf.archived ? "chat.noneArchived" : "chat.none")}</p>;
  return (
    <>
      {top.length > 0 && (
        <section>
          <Heading>
            <Pin aria-hidden className="size-3" />
            {t("chat.pinned")}
          </Heading>
          {top.map((chat) => (
            <ChatLine key={chat.id} chat={chat} here={chat.id === open} shelf={shelf} />
          ))}
        </section>
      )}
      {groups.map((group) => (
        <section key={group.name}>
          <Heading>{group.name}</Heading>
          {group.chats.map((chat) => (
            <ChatLine key={chat.id} chat={chat} here={chat.id === open} shelf={shelf} />
          ))}
        </section>
      ))}
      {rest.hasNextPage && (
        <Button look="quiet" className="mt-2 w-full" busy={rest.isFetchingNextPage} onClick={() => void rest.fetchNextPage()}>
          {t("chat.more")}
        </Button>
      )}
    </>
  );
}

function Heading({ children }: { children: React.ReactNode }) {
  return <h3 className="flex items-center gap-1.5 px-2 pt-4 pb-1 text-xs text-quiet">{children}</h3>;
}

function Waiting() {
  return (
    <div className="flex flex-col gap-4 p-2 pt-6">
      {["w-40", "w-48", "w-32", "w-44"].map((width) => (
        <Skeleton key={width} className={width} />
      ))}
    </div>
  );
}
