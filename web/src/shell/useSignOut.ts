import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { ApiError, api } from "@/api/client";
import { signedOut } from "@/api/session";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "./toasts";

/** End the session here and on the server, and forget what was loaded. */
export function useSignOut(): () => void {
  const memory = useQueryClient();
  const [, go] = useLocation();
  const errorText = useErrorText();
  return () => {
    api
      .post("/auth/logout")
      .catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 401)) throw error; // it was over already
      })
      .then(() => {
        memory.clear();
        signedOut();
        go("/signin");
      })
      .catch((error: unknown) => toast({ text: errorText(error), bad: true }));
  };
}
