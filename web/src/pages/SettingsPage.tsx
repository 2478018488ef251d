import { lazy, type ReactNode, Suspense } from "react";
import { useSession } from "@/api/session";
import { chooseLanguage, LANGUAGES, type Language, useLanguage, useT, withTexts } from "@/i18n";
import { type Preferences, prefer, usePreferences } from "@/shell/preferences";
import { Space } from "@/shell/Space";
import { useSignOut } from "@/shell/useSignOut";
import { Button } from "@/ui/Button";
import { SelectField } from "@/ui/Field";
import { keysText } from "@/ui/Keys";
import { Switch } from "@/ui/Switch";

const KeysSettings = lazy(() => withTexts("shortcuts", import("./KeysSettings")));

/** What a person can set for themselves; kept in this browser, in force at once. */
export default function SettingsPage() {
  const t = useT();
  const language = useLanguage();
  const { theme, sendKey, shortcuts, streaming } = usePreferences();
  return (
    <Space title={t("space.settings")}>
      <div className="mx-auto flex w-full max-w-xl flex-col gap-10 p-6 md:py-10">
        <Section title={t("settings.appearance")}>
          <SelectField label={t("settings.language")} value={language} onChange={(event) => void chooseLanguage(event.target.value as Language)}>
            {(Object.keys(LANGUAGES) as Language[]).map((code) => (
              <option key={code} value={code} lang={code}>
                {LANGUAGES[code]}
              </option>
            ))}
          </SelectField>
          <SelectField label={t("settings.theme")} value={theme} onChange={(event) => prefer({ theme: event.target.value as Preferences["theme"] })}>
            <option value="system">{t("settings.themeSystem")}</option>
            <option value="light">{t("settings.themeLight")}</option>
            <option value="dark">{t("settings.themeDark")}</option>
          </SelectField>
        </Section>
        <Section title={t("settings.writing")}>
          <SelectField
            label={t("settings.sendKey")}
            hint={t("settings.sendKeyWhy")}
            value={sendKey}
            onChange={(event) => prefer({ sendKey: event.target.value as Preferences["sendKey"] })}
          >
            <option value="enter">{keysText("enter", language)}</option>
            <option value="mod+enter">{keysText("mod+enter", language)}</option>
          </SelectField>
          <Switch
            label={t("settings.streaming")}
            hint={t("settings.streamingWhy")}
            checked={streaming}
            onChange={(on) => prefer({ streaming: on })}
          />
        </Section>
        <Section title={t("settings.shortcuts")}>
          <Switch
            label={t("settings.shortcutsOn")}
            hint={t("settings.shortcutsWhy")}
            checked={shortcuts}
            onChange={(on) => prefer({ shortcuts: on })}
          />
          {shortcuts && (
            <Suspense fallback={null}>
              <KeysSettings />
            </Suspense>
          )}
        </Section>
        <Account />
        <a href="/licences.txt" className="self-start text-sm text-quiet underline underline-offset-4">
          {t("settings.licences")}
        </a>
      </div>
    </Space>
  );
}

function Account() {
  const t = useT();
  const { user, organization, role } = useSession();
  const signOut = useSignOut();
  const facts: [string, string][] = [
    [t("signin.email"), user.email],
    [t("join.name"), user.name || "—"],
    [t("settings.organization"), organization.name],
    [t("settings.role"), t(`role.${role}`)],
  ];
  return (
    <Section title={t("settings.account")}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-quiet">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
      </dl>
      <Button className="self-start" onClick={signOut}>
        {t("account.signOut")}
      </Button>
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-5">
      <h2 className="border-b border-line pb-2 font-semibold">{title}</h2>
      {children}
    </section>
  );
}
