import { useSignIn } from "@/api/session";
import { useT } from "@/i18n";
import { PasswordForm } from "@/pages/PasswordForm";
import { Dialog } from "@/ui/Dialog";

/** The session is over: sign in here, and what was under way goes on. Nothing that was typed is lost. */
export default function SignInAgain() {
  const t = useT();
  const signIn = useSignIn();
  if (signIn.state !== "expired") return null;
  return (
    <Dialog open onClose={() => undefined} title={t("signin.expired")} closable={false}>
      <p className="mb-4 text-quiet">{t("signin.expiredWhy")}</p>
      <PasswordForm email={signIn.session.user.email} />
    </Dialog>
  );
}
