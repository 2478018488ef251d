import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { api, ApiError } from "@/api/client";
import { type TextKey, useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { answer, ask, type Asked } from "./asking";
import { useChatChanges } from "./changes";
import { attend, settle, stop, useRunning } from "./drafts";
import type { TurnActions } from "./Exchange";
import { tellOtherTabs } from "./otherTabs";
import { changeThread, refreshLists, refreshThread } from "./queries";
import { branchTo, leafBelow } from "./tree";
import type { Feedback, Message, Thread } from "./types";

const TOLD = 4000; // characters that a screen reader is given at most: nobody wants to hear more without asking

// Refusals that can be told in the reader's language, with what to do.
const REFUSALS: Partial<Record<string, TextKey>> = { no_painter: "chat.noPainter", no_picture_to_edit: "chat.noPicture" };

/** What can be done in an open chat, and what happens in it by itself. */
export function useConversation(chat: string | undefined, thread: Thread | null, deployment: string | null, onChangePicture: () => void) {
  const memory = useQueryClient();
  const t = useT();
  const errorText = useErrorText();
  const [, setParams] = useSearchParams();
  const { change } = useChatChanges();
  const [refusals, setRefusals] = useState<ReadonlyMap<string, string>>(new Map());
  const [told, setTold] = useState("");
  const latest = useRef({ thread, deployment, onChangePicture });
  latest.current = { thread, deployment, onChangePicture };

  // Answers that are being made, wherever they were asked for, are followed while their chat is open, and to their end.
  useEffect(() => {
    for (const message of thread?.messages ?? []) {
      settleWhenOver(message);
      attend(message, (draft) => {
        setTold(draft.text.slice(0, TOLD));
        void refreshThread(memory, message.chat);
        refreshLists(memory);
        tellOtherTabs(message.chat);
      });
    }
  }, [thread, memory]);

  const compare = (question: string | null) =>
    setParams((before) => {
      if (question) before.set("compare", question);
      else before.delete("compare");
      return before;
    });

  const answerTo = async (where: string, question: string, by: string | null): Promise<void> => {
    setRefusals((before) => new Map([...before].filter(([id]) => id !== question)));
    try {
      await answer(memory, where, question, by, latest.current.deployment);
    } catch (error) {
      const key = error instanceof ApiError ? REFUSALS[error.code] : undefined;
      const text = key ? t(key) : errorText(error);
      setRefusals((before) => new Map(before).set(question, text));
      const answered = latest.current.thread?.messages.some((message) => message.parent === question);
      if (answered) toast({ text, bad: true });
    }
  };

  /** Ask; whether the server has the question. What it has not is given back to whoever wrote it. */
  const askUnder = async (where: string, parent: string | null, asked: Asked): Promise<boolean> => {
    let question: Message;
    try {
      question = await ask(memory, where, parent, asked);
    } catch (error) {
      toast({ text: errorText(error), bad: true });
      return false;
    }
    await answerTo(where, question.id, null);
    return true;
  };

  const actions = useMemo<TurnActions>(
    () => ({
      onEdit: (question, content) => void askUnder(question.chat, question.parent, { content, attachments: question.attachments }),
      onAgain: (question, by, beside) => {
        if (!chat) return;
        compare(beside ? question : null);
        void answerTo(chat, question, by);
      },
      onShow: (message) => {
        const { thread: now } = latest.current;
        if (now) void change(now, { current: leafBelow(now.messages, message) });
      },
      onKeep: (message) => {
        const { thread: now } = latest.current;
        if (now) void change(now, { current: leafBelow(now.messages, message) });
        compare(null);
      },
      onInspect: (message) =>
        setParams((before) => {
          before.set("run", message);
          return before;
        }),
      onChangePicture: () => latest.current.onChangePicture(),
      onRate: (message, rating) => {
        const path = `/v1/chats/${message.chat}/messages/${message.id}/feedback` as const;
        const rated = (feedback: Feedback | null) =>
          changeThread(memory, message.chat, (now) => ({ ...now, messages: now.messages.map((one) => (one.id === message.id ? { ...one, feedback } : one)) }));
        rated(rating && { message: message.id, ...rating });
        (rating ? api.post<Feedback>(path, rating) : api.del(path)).catch((error: unknown) => {
          rated(message.feedback);
          toast({ text: errorText(error), bad: true });
        });
      },
    }),
    [chat, memory],
  );

  const branch = useMemo(() => (thread ? branchTo(thread.messages, thread.current) : []), [thread]);
  const running = useRunning(thread?.messages ?? []);
  const stopAll = () => {
    for (const message of running) {
      stop(message).then(
        () => refreshThread(memory, message.chat),
        (error: unknown) => toast({ text: errorText(error), bad: true }),
      );
    }
  };
  return { branch, running, refusals, told, actions, askUnder, stopAll };
}

function settleWhenOver(message: Message): void {
  if (message.status !== "in_progress") settle(message.id);
}
