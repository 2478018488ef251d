import { type InfiniteData, type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Chat, Folder, List, Message, Thread } from "./types";

/** Which chats a list shows. */
export type Shelf = { folder: string | null; archived: boolean };

const PAGE = 50;

export function useThread(chat: string | undefined) {
  return useQuery({
    queryKey: ["chat", chat],
    queryFn: ({ signal }) => api.get<Thread>(`/v1/chats/${chat}`, { signal }),
    enabled: chat !== undefined,
    refetchOnWindowFocus: "always", // another tab or another machine may have gone on
  });
}

export function usePinned(shelf: Shelf) {
  return useQuery({
    queryKey: ["chats", "pinned", shelf],
    queryFn: ({ signal }) => api.get<List<Chat>>(`/v1/chats?pinned=true&limit=100&archived=${shelf.archived}${folderOf(shelf)}`, { signal }),
  });
}

export function useShelf(shelf: Shelf) {
  return useInfiniteQuery({
    queryKey: ["chats", "rest", shelf],
    queryFn: ({ pageParam, signal }) =>
      api.get<List<Chat>>(`/v1/chats?pinned=false&limit=${PAGE}&archived=${shelf.archived}${folderOf(shelf)}${pageParam ? `&after=${pageParam}` : ""}`, { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => (page.has_more ? page.last_id : null),
  });
}

/** Archived chats are listed from wherever they are; the others by project, or outside of any. */
function folderOf(shelf: Shelf): string {
  return shelf.archived ? "" : `&folder=${shelf.folder ?? ""}`;
}

export function useFolders() {
  return useQuery({ queryKey: ["folders"], queryFn: ({ signal }) => api.get<{ data: Folder[] }>("/v1/chats/folders", { signal }), staleTime: 60_000 });
}

/** Change a thread in memory, before the server has answered or instead of asking it again. */
export function changeThread(memory: QueryClient, chat: string, change: (thread: Thread) => Thread): void {
  memory.setQueryData<Thread>(["chat", chat], (thread) => thread && change(thread));
}

export function addMessage(memory: QueryClient, message: Message, instead?: string): void {
  changeThread(memory, message.chat, (thread) => ({
    ...thread,
    current: message.id,
    messages: [...thread.messages.filter((other) => other.id !== instead && other.id !== message.id), message],
  }));
}

/** Change a chat wherever it is listed. */
export function changeListed(memory: QueryClient, chat: string, changes: Partial<Chat>): void {
  const changed = (one: Chat) => (one.id === chat ? { ...one, ...changes } : one);
  memory.setQueriesData<List<Chat>>({ queryKey: ["chats", "pinned"] }, (list) => list && { ...list, data: list.data.map(changed) });
  memory.setQueriesData<InfiniteData<List<Chat>>>(
    { queryKey: ["chats", "rest"] },
    (list) => list && { ...list, pages: list.pages.map((page) => ({ ...page, data: page.data.map(changed) })) },
  );
}

export function refreshLists(memory: QueryClient): void {
  void memory.invalidateQueries({ queryKey: ["chats"] });
}

export function refreshThread(memory: QueryClient, chat: string): Promise<void> {
  return memory.invalidateQueries({ queryKey: ["chat", chat] });
}
