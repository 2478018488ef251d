import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { Pick } from "./Choice";
import { useNamed } from "./names";
import { mayHave } from "./pages";

/** One project or all of them, for those who see several; nothing for everybody else. */
export function ProjectPick({ value, onChange }: { value: string; onChange: (project: string) => void }) {
  const t = useT();
  const { role } = useSession();
  const projects = useNamed("project_id", mayHave(role, "admin"));
  if (!projects || (projects.size < 2 && !value)) return null;
  const options = [...projects].map(([id, name]) => ({ value: id, name }));
  return <Pick label={t("console.project")} value={value} onChange={onChange} options={[{ value: "", name: t("console.any") }, ...options]} />;
}
