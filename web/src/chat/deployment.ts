import { useState } from "react";
import { useChatModels } from "@/parts/models";
import type { Chat, Folder } from "./types";

const STORED = "pleiade.deployment";

/** Which deployment answers: the chat's, or its project's, or the one that was chosen last, or the first there is. */
export function useDeployment(chat: Chat | null, folder: Folder | null, onChange: (deployment: string) => void): [string | null, (deployment: string) => void] {
  const models = useChatModels();
  const [last, setLast] = useState(() => localStorage.getItem(STORED));
  const known = (name: string | null | undefined) => (name && (models.length === 0 || models.some((model) => model.id === name)) ? name : null);
  const chosen = chat?.deployment ?? known(folder?.deployment) ?? known(last) ?? models[0]?.id ?? null;
  const choose = (name: string) => {
    localStorage.setItem(STORED, name);
    setLast(name);
    onChange(name);
  };
  return [chosen, choose];
}
