import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { SelectField } from "@/ui/Field";
import { mayHave } from "../pages";
import { type Role, ROLES } from "./users";

/** One of the five roles, with what it may. Nobody gives one above their own. */
export function RoleField({ role, onChange }: { role: Role; onChange: (role: Role) => void }) {
  const t = useT();
  const { role: own } = useSession();
  return (
    <SelectField label={t("users.role")} value={role} onChange={(event) => onChange(ROLES.find((one) => one === event.target.value) ?? role)} hint={t(`users.may.${role}`)}>
      {ROLES.map((one) => (
        <option key={one} value={one} disabled={!mayHave(own, one)}>
          {t(`role.${one}`)}
        </option>
      ))}
    </SelectField>
  );
}
