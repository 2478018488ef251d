import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useLocation, useParams, useSearchParams } from "wouter";
import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState } from "@/parts/ErrorState";
import { FileDrop } from "@/parts/FileDrop";
import { Space } from "@/shell/Space";
import { useShortcut } from "@/shell/shortcuts";
import { ChatBar } from "./ChatBar";
import { ChatList } from "./ChatList";
import { ChatPage } from "./ChatPage";
import { useChatChanges } from "./changes";
import { useDeployment } from "./deployment";
import { useOtherTabs } from "./otherTabs";
import { useFolders, useThread } from "./queries";
import type { Message } from "./types";
import { useChatSearch } from "./useChatSearch";
import { useHandedOver } from "./useHandedOver";
import { useAttaching } from "@/parts/attaching";

const RunInspector = lazy(() => import("@/parts/RunInspector"));

/** /chat and /chat/:chat. What is shown beside the chat stands in the address: project, archive, inspected answer. */
export default function ChatSpace() {
  const t = useT();
  const { chat } = useParams<{ chat?: string }>();
  const [params, setParams] = useSearchParams();
  const [, go] = useLocation();
  const memory = useQueryClient();
  const thread = useThread(chat);
  const open = chat ? thread.data : undefined;
  const folder = useFolders().data?.data.find((one) => one.id === (open?.folder ?? params.get("project"))) ?? null;
  const { change, forget } = useChatChanges();
  const [deployment, choose] = useDeployment(open ?? null, folder, (name) => open && void change(open, { deployment: name }));
  const files = useAttaching(deployment);
  useHandedOver(files);
  const shelf = useMemo(() => ({ folder: params.get("project"), archived: params.has("archived") }), [params]);
  const temporary = open ? open.temporary : params.has("temporary");
  const inspected = open?.messages.find((message) => message.id === params.get("run"));
  const [key, setKey] = useState(0); // a new chat after a new chat is a new page

  useOtherTabs(memory);
  useChatSearch();
  useShortcut("newChat", () => {
    go(shelf.folder ? `/chat?project=${shelf.folder}` : "/chat");
    setKey(key + 1);
  });
  useShortcut("temporaryChat", () => go("/chat?temporary=true"));
  useShortcut("deleteChat", () => open && forget(open), open !== undefined);

  const without = (name: string) =>
    setParams((before) => {
      before.delete(name);
      return before;
    });
  const missing = thread.error instanceof ApiError && thread.error.status === 404;
  const title = open ? open.title || t("chat.untitled") : folder ? folder.name : temporary ? t("chat.temporary") : t("keys.newChat");
  return (
    <Space
      title={title}
      bar={<ChatBar title={title} chat={open ?? null} folder={folder} temporary={temporary} deployment={deployment} onChoose={choose} />}
      list={<ChatList shelf={shelf} open={chat} />}
      inspector={inspected ? { title: t("run.title"), content: <Run message={inspected} />, onClose: () => without("run") } : null}
    >
      {missing ? (
        <EmptyState title={t("chat.gone")}>{t("chat.goneWhy")}</EmptyState>
      ) : chat && thread.isError && !open ? (
        <ErrorState error={thread.error} onRetry={() => void thread.refetch()} />
      ) : (
        <FileDrop onFiles={files.add}>
          <ChatPage key={key} chat={chat} thread={open ?? null} folder={folder} temporary={temporary} deployment={deployment} files={files} />
        </FileDrop>
      )}
    </Space>
  );
}

/** Seen by few, and late: it comes when it is asked for. */
function Run({ message }: { message: Message }) {
  return (
    <Suspense fallback={null}>
      <RunInspector message={message} />
    </Suspense>
  );
}
