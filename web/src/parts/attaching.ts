import { useRef, useState } from "react";
import { api } from "@/api/client";
import type { Attachment } from "@/chat/types";
import { useErrorText } from "./ErrorState";

/** A file on its way to be read, read, or refused. */
export type Attaching = { key: number; name: string; file: Attachment | null; error: string | null };

/** Files that go with the next question: uploaded as soon as they are chosen. */
export function useAttaching(deployment: string | null) {
  const [list, setList] = useState<readonly Attaching[]>([]);
  const count = useRef(0);
  const errorText = useErrorText();

  const upload = async (key: number, file: File) => {
    const form = new FormData();
    form.append("file", file);
    if (deployment) form.append("deployment", deployment);
    const changes = await api.post<Attachment>("/v1/attachments", form).then(
      (made) => ({ file: made }),
      (error: unknown) => ({ error: errorText(error) }),
    );
    setList((before) => before.map((one) => (one.key === key ? { ...one, ...changes } : one)));
  };
  return {
    list,
    ready: list.flatMap((one) => one.file ?? []),
    busy: list.some((one) => !one.file && !one.error),
    add: (files: readonly File[]) => {
      for (const file of files) {
        count.current += 1;
        const key = count.current;
        setList((before) => [...before, { key, name: file.name, file: null, error: null }]);
        void upload(key, file);
      }
    },
    /** Take a file away: from here, and from the server that nothing else needs it on. */
    remove: (key: number) => {
      const gone = list.find((one) => one.key === key)?.file;
      setList((before) => before.filter((one) => one.key !== key));
      if (gone) api.del(`/v1/attachments/${gone.id}`).catch(() => undefined); // one that is used elsewhere stays
    },
    clear: () => setList([]),
    restore: (files: readonly Attachment[]) =>
      setList(files.map((file) => ({ key: (count.current += 1), name: file.name, file, error: null }))),
  };
}
