import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useT } from "@/i18n";
import type { useAttaching } from "@/parts/attaching";
import { Composer, type ComposerHandle } from "@/parts/Composer";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { useShortcut } from "@/shell/shortcuts";
import { Skeleton, useSlow } from "@/ui/Skeleton";
import { beginChat, ownMessage } from "./asking";
import { Conversation } from "./Conversation";
import { useLastCopies } from "./lastCopies";
import { PictureButton } from "./PictureButton";
import { Start } from "./Start";
import type { Folder, Message, Thread } from "./types";
import { leafBelow } from "./tree";
import { useChatChanges } from "./changes";
import { useConversation } from "./useConversation";
import { useFollow } from "./useFollow";

type ChatPageProps = {
  chat: string | undefined;
  thread: Thread | null;
  folder: Folder | null;
  temporary: boolean;
  deployment: string | null;
  files: ReturnType<typeof useAttaching>;
};

/** A chat from its first word on: the page stays the same when a new chat gets its address. */
export function ChatPage({ chat, thread, folder, temporary, deployment, files }: ChatPageProps) {
  const t = useT();
  const memory = useQueryClient();
  const errorText = useErrorText();
  const [, go] = useLocation();
  const [params] = useSearchParams();
  const composer = useRef<ComposerHandle>(null);
  const [starting, setStarting] = useState<Message | null>(null);
  const [anchored, setAnchored] = useState<string | null>(null); // the chat whose last question was asked here
  const { branch, running, refusals, told, actions, askUnder, stopAll } = useConversation(chat, thread, deployment, () => {
    composer.current?.put(`${t("composer.changeCommand")} `);
    composer.current?.focus();
  });
  const follow = useFollow(chat);
  const { change } = useChatChanges();
  const writing = running.length > 0 || starting !== null;
  const at = params.get("at");

  useShortcut("stop", stopAll, running.length > 0);
  useLastCopies(branch);
  useShowPlace(at, thread, (leaf) => thread && void change(thread, { current: leaf }));

  const giveBack = (content: string, attachments: Message["attachments"]) => {
    composer.current?.put(content);
    files.restore(attachments);
  };
  const send = async (content: string) => {
    const asked = { content, attachments: files.ready };
    let where = chat;
    if (!where) {
      setStarting(ownMessage("", null, asked));
      try {
        const made = await beginChat(memory, { folder: folder?.id ?? null, deployment, temporary });
        where = made.id;
      } catch (error) {
        setStarting(null);
        toast({ text: errorText(error), bad: true });
        return giveBack(content, asked.attachments);
      }
      setAnchored(where);
      const kept = askUnder(where, null, asked);
      setStarting(null);
      go(folder ? `/chat/${where}?project=${folder.id}` : `/chat/${where}`, { replace: true });
      if (!(await kept)) giveBack(content, asked.attachments);
      return;
    }
    setAnchored(where);
    const kept = askUnder(where, branch.at(-1)?.id ?? null, asked);
    requestAnimationFrame(follow.toLatest);
    if (!(await kept)) giveBack(content, asked.attachments);
  };

  const empty = !chat && !starting;
  const loading = chat !== undefined && !thread;
  const box = (
    <Composer
      key={chat ?? "new"}
      handle={composer}
      memory={chat ?? "new"}
      placeholder={t("composer.ask")}
      files={files}
      extra={(text, change) => <PictureButton text={text} onChange={change} />}
      onSend={(content) => void send(content)}
      onStop={writing ? stopAll : undefined}
    />
  );
  if (empty) {
    return (
      <Start folder={folder} temporary={temporary} onExample={(text) => composer.current?.put(text)}>
        {box}
      </Start>
    );
  }
  return (
    <Conversation
      messages={starting ? [starting] : (thread?.messages ?? [])}
      current={starting ? starting.id : (thread?.current ?? null)}
      anchored={starting !== null || (chat !== undefined && anchored === chat)}
      refusals={refusals}
      compared={params.get("compare")}
      at={thread ? at : null}
      actions={actions}
      follow={follow}
      told={told}
    >
      {loading && <Waiting />}
      {temporary && <p className="pb-1 text-center text-sm text-quiet">{t("chat.temporaryWhy")}</p>}
      {box}
    </Conversation>
  );
}

/** Turns to the branch in which a message stands that the address names. */
function useShowPlace(at: string | null, thread: Thread | null, show: (leaf: string) => void): void {
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (!at || !thread || shown.current === at) return;
    shown.current = at;
    if (thread.messages.some((message) => message.id === at)) show(leafBelow(thread.messages, at));
  }, [at, thread, show]);
}

function Waiting() {
  const slow = useSlow();
  return (
    slow && (
      <div className="absolute inset-x-4 bottom-full flex flex-col gap-3 pb-8">
        <Skeleton className="w-2/3" />
        <Skeleton className="w-full" />
        <Skeleton className="w-1/2" />
      </div>
    )
  );
}
