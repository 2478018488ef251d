import { lazy, type ReactNode, Suspense, useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { useCommands } from "./commands";
import { Palette } from "./Palette";
import { prefer, usePreferences } from "./preferences";
import { Rail } from "./Rail";
import { ServerAway } from "./ServerAway";
import { keysOf, useShortcut } from "./shortcuts";
import { SETTINGS, SPACES } from "./spaces";
import { useSignOut } from "./useSignOut";

// What nobody sees at first comes a moment later; but not the palette: the keys after ⌘K are meant for it.
const KeysDialog = lazy(() => import("./KeysDialog"));
const SignInAgain = lazy(() => import("./SignInAgain"));

/** What stays while one goes from space to space: the rail, the palette, the keys, and what the server's absence does. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useT();
  const [open, setOpen] = useState<"palette" | "keys" | null>(null);
  const close = () => setOpen(null);
  const [, go] = useLocation();
  const signOut = useSignOut();
  usePreferences(); // keys that are chosen are shown at once

  useShortcut("palette", () => setOpen(open === "palette" ? null : "palette"));
  useShortcut("help", () => setOpen(open === "keys" ? null : "keys"));
  useShortcut("settings", () => go("/settings"));
  useShortcut("goToChat", () => go("/chat"));
  useShortcut("goToImages", () => go("/images"));
  useShortcut("goToConsole", () => go("/console"));
  useShortcut("goToSettings", () => go("/settings"));
  useCommands({
    heading: t("palette.general"),
    commands: [
      ...[...SPACES, SETTINGS].map(({ path, name, icon: Icon, shortcut }) => ({
        id: path,
        label: t("palette.goTo", { space: t(name) }),
        icon: <Icon aria-hidden />,
        keys: keysOf(shortcut),
        run: () => go(path),
      })),
      { id: "keys", label: t("keys.title"), keys: keysOf("help"), run: () => setOpen("keys") },
      { id: "light", label: t("palette.light"), run: () => prefer({ theme: "light" }) },
      { id: "dark", label: t("palette.dark"), run: () => prefer({ theme: "dark" }) },
      { id: "system", label: t("palette.system"), run: () => prefer({ theme: "system" }) },
      { id: "signOut", label: t("account.signOut"), run: signOut },
    ],
  });

  return (
    <div className="flex h-dvh flex-col">
      <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-sm focus:bg-raised focus:p-2">
        {t("shell.skip")}
      </a>
      <ServerAway />
      <div className="flex min-h-0 grow">
        <Rail />
        {children}
      </div>
      <Palette open={open === "palette"} onClose={close} />
      <Suspense fallback={null}>
        <KeysDialog open={open === "keys"} onClose={close} />
        <SignInAgain />
      </Suspense>
    </div>
  );
}
