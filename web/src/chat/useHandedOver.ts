import { useEffect } from "react";
import { useSearchParams } from "wouter";
import { api } from "@/api/client";
import type { useAttaching } from "@/parts/attaching";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import type { Attachment } from "./types";

/** What another space has put among the files stands in the address (`?attach=`): it goes with the next question. */
export function useHandedOver(files: ReturnType<typeof useAttaching>): void {
  const [params, setParams] = useSearchParams();
  const errorText = useErrorText();
  const handed = params.get("attach");
  useEffect(() => {
    if (!handed) return;
    setParams(
      (before) => {
        before.delete("attach");
        return before;
      },
      { replace: true },
    );
    api.get<Attachment>(`/v1/attachments/${handed}`).then(
      (file) => files.restore([file]),
      (error: unknown) => toast({ text: errorText(error), bad: true }),
    );
  }, [handed]);
}
