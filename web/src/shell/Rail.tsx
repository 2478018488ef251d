import { CircleUserRound, Keyboard, LogOut } from "lucide-react";
import { Link, useLocation } from "wouter";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import { Hint } from "@/ui/Hint";
import { Keys } from "@/ui/Keys";
import { Menu, MenuGroup, MenuItem, MenuLine } from "@/ui/Menu";
import { Mark } from "./Mark";
import { keysOf, runShortcut } from "./shortcuts";
import { SETTINGS, type SpaceEntry, SPACES } from "./spaces";
import { useSignOut } from "./useSignOut";

/** The spaces, as pictures with hints: a column on wide screens. */
export function Rail() {
  const t = useT();
  return (
    <nav aria-label={t("shell.spaces")} className="hidden w-14 shrink-0 flex-col items-center gap-1 border-r border-line bg-side py-3 md:flex">
      <Link href="/chat" aria-label="Pleiade" className="mb-3 rounded-md">
        <Mark className="size-8" />
      </Link>
      {SPACES.map((space) => (
        <RailLink key={space.path} space={space} />
      ))}
      <div className="grow" />
      <RailLink space={SETTINGS} />
      <AccountMenu />
    </nav>
  );
}

function RailLink({ space: { path, name, icon: Icon, shortcut } }: { space: SpaceEntry }) {
  const t = useT();
  const here = useIsHere(path);
  return (
    <Hint text={t(name)} side="right" keys={<Keys of={keysOf(shortcut)} inverse />}>
      <Link
        href={path}
        aria-label={t(name)}
        aria-current={here ? "page" : undefined}
        className={cx(
          "flex size-10 items-center justify-center rounded-md transition-colors duration-150",
          here ? "bg-chosen text-ink" : "text-quiet hover:bg-hover hover:text-ink",
        )}
      >
        <Icon aria-hidden className="size-5" strokeWidth={1.75} />
      </Link>
    </Hint>
  );
}

/** The same on narrow screens: lines with words, at the foot of the drawer. */
export function RailLines({ onGo }: { onGo: () => void }) {
  const t = useT();
  return (
    <nav aria-label={t("shell.spaces")} className="flex flex-col gap-0.5 border-t border-line p-2 pb-[max(0.5rem,env(safe-area-inset-bottom))]">
      {[...SPACES, SETTINGS].map((space) => (
        <RailLine key={space.path} space={space} onGo={onGo} />
      ))}
    </nav>
  );
}

function RailLine({ space: { path, name, icon: Icon }, onGo }: { space: SpaceEntry; onGo: () => void }) {
  const t = useT();
  const here = useIsHere(path);
  return (
    <Link
      href={path}
      onClick={onGo}
      aria-current={here ? "page" : undefined}
      className={cx("flex h-11 items-center gap-3 rounded-sm px-3", here ? "bg-chosen" : "hover:bg-hover")}
    >
      <Icon aria-hidden className="size-5 text-quiet" strokeWidth={1.75} />
      {t(name)}
    </Link>
  );
}

function useIsHere(path: string): boolean {
  const [location] = useLocation();
  return location === path || location.startsWith(`${path}/`);
}

function AccountMenu() {
  const t = useT();
  const { user, organization } = useSession();
  const signOut = useSignOut();
  const trigger = (
    <button
      type="button"
      aria-label={t("account.menu", { email: user.email })}
      className="flex size-10 items-center justify-center rounded-md text-quiet hover:bg-hover hover:text-ink"
    >
      <CircleUserRound aria-hidden className="size-5" strokeWidth={1.75} />
    </button>
  );
  return (
    <Menu trigger={trigger} side="right" align="end">
      <MenuGroup label={organization.name}>
        <div className="px-2 pb-1">
          <div className="font-medium">{user.name || user.email}</div>
          {user.name && <div className="text-sm text-quiet">{user.email}</div>}
        </div>
      </MenuGroup>
      <MenuLine />
      <MenuItem icon={<Keyboard aria-hidden />} keys={<Keys of={keysOf("help")} />} onClick={() => runShortcut("help")}>
        {t("keys.title")}
      </MenuItem>
      <MenuItem icon={<LogOut aria-hidden />} onClick={signOut}>
        {t("account.signOut")}
      </MenuItem>
    </Menu>
  );
}
