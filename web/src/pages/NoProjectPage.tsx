import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Space } from "@/shell/Space";
import { useSignOut } from "@/shell/useSignOut";
import { Button } from "@/ui/Button";

/** Somebody belongs to the organisation, but to none of its projects: nothing can be asked of a model in nobody's name. */
export default function NoProjectPage() {
  const t = useT();
  const { user, organization } = useSession();
  const signOut = useSignOut();
  return (
    <Space title={t("noProject.title")}>
      <EmptyState title={t("noProject.title")} actions={<Button onClick={signOut}>{t("account.signOut")}</Button>}>
        {t("noProject.why", { organization: organization.name, email: user.email })}
      </EmptyState>
    </Space>
  );
}
