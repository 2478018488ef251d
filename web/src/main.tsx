import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { whenReachable } from "./api/connection";
import { ApiError } from "./api/errors";
import { readSession } from "./api/session";
import { speak } from "./i18n";
import { listenForShortcuts } from "./shell/shortcuts";
import "./styles.css";

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

await Promise.all([speak(), knowWhoIsThere()]);
listenForShortcuts();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
