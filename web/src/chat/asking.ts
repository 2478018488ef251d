import type { QueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { tellOtherTabs } from "./otherTabs";
import { pictureWish } from "./pictureWish";
import { addMessage, changeThread, refreshLists } from "./queries";
import type { Attachment, Chat, Message, Thread } from "./types";

export type Asked = { content: string; attachments: Attachment[] };
export type NewChat = { folder: string | null; deployment: string | null; temporary: boolean };

let count = 0;
const LOCAL = "local_";

/** Whether a message stands only here so far: it is on its way to the server. */
export function onItsWay(message: Message): boolean {
  return message.id.startsWith(LOCAL);
}

/** A question as it is shown before the server has it. */
export function ownMessage(chat: string, parent: string | null, asked: Asked): Message {
  count += 1;
  return {
    id: `${LOCAL}${count}`,
    chat,
    parent,
    role: "user",
    content: asked.content,
    attachments: asked.attachments,
    calls: [],
    status: "completed",
    response_id: null,
    deployment: null,
    error: null,
    usage: null,
    timings: null,
    content_filters: null,
    feedback: null,
    created: Math.floor(Date.now() / 1000),
  };
}

/** Begin a chat; its question stands in it at once. Throws ApiError. */
export async function beginChat(memory: QueryClient, fields: NewChat): Promise<Chat> {
  const chat = await api.post<Chat>("/v1/chats", fields);
  memory.setQueryData<Thread>(["chat", chat.id], { ...chat, messages: [] });
  return chat;
}

/** Ask under `parent` (null: as a first question): own words at once, then as the server keeps them. Throws ApiError. */
export async function ask(memory: QueryClient, chat: string, parent: string | null, asked: Asked): Promise<Message> {
  const own = ownMessage(chat, parent, asked);
  const before = memory.getQueryData<Thread>(["chat", chat])?.current ?? null;
  addMessage(memory, own);
  try {
    await memory.cancelQueries({ queryKey: ["chat", chat] }); // an older state must not take the question away again
    const body = { parent, content: asked.content, attachments: asked.attachments.map((file) => file.id) };
    const question = await api.post<Message>(`/v1/chats/${chat}/messages`, body);
    addMessage(memory, question, own.id);
    changeThread(memory, chat, (thread) => (thread.title ? thread : { ...thread, title: titleOf(asked) }));
    refreshLists(memory);
    return question;
  } catch (error) {
    changeThread(memory, chat, (thread) => ({ ...thread, current: before, messages: thread.messages.filter((one) => one.id !== own.id) }));
    throw error;
  }
}

/** What a chat is called until its server tells: as that will, by its first line. */
function titleOf({ content, attachments }: Asked): string {
  const said = pictureWish(content)?.words ?? content;
  return (said.split("\n").find((line) => line.trim()) ?? attachments[0]?.name ?? "").trim().slice(0, 60);
}

const PICTURE = { type: "image_generation", size: "512x512" };

/**
 * Let a question be answered, once more or by another deployment (`by`), else by the one that is chosen for words: who draws
 * is known to the server. Throws ApiError; the question stays.
 */
export async function answer(memory: QueryClient, chat: string, question: string, by: string | null, chosen: string | null): Promise<Message> {
  const asked = memory.getQueryData<Thread>(["chat", chat])?.messages.find((one) => one.id === question);
  const draws = asked !== undefined && pictureWish(asked.content) !== null;
  const deployment = by ?? (draws ? null : chosen);
  try {
    const begun = await api.post<Message>(`/v1/chats/${chat}/answers`, { parent: question, ...(deployment && { deployment }), ...(draws && { tools: [PICTURE] }) });
    addMessage(memory, begun);
    return begun;
  } finally {
    tellOtherTabs(chat);
    refreshLists(memory);
  }
}
