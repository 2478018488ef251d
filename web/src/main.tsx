import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { whenReachable } from "./api/connection";
import { ApiError } from "./api/errors";
import { readSession, signedIn } from "./api/session";
import { speak } from "./i18n";
import { listenForShortcuts } from "./shell/shortcuts";
import "./styles.css";

const RELOADED = "pleiade.reloaded";
const RELOAD_MS = 30_000;
const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

/** Who is signed in, asked until the server answers. */
async function knowWhoIsThere(): Promise<void> {
  for (;;) {
    try {
      return await readSession();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      await whenReachable();
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 1) * 1000));
    }
  }
}

/** Back after a while: if the session has ended, say so before anything is typed. */
function onReturn(): void {
  if (document.hidden || !signedIn()) return;
  readSession().catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error; // a server that is away is told by the shell
  });
}

/** A tab older than the server's build asks for a part that is gone: load the new one, but never in circles. */
function onMissingPart(): void {
  const last = Number(sessionStorage.getItem(RELOADED));
  if (Date.now() - last < RELOAD_MS) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}

await Promise.all([speak(), knowWhoIsThere()]);
listenForShortcuts();
addEventListener("visibilitychange", onReturn);
addEventListener("vite:preloadError", onMissingPart);
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
