import { ArrowLeft, Plus } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { AddMemberDialog } from "./AddMemberDialog";
import { PeopleTable } from "./PeopleTable";
import { useProject } from "./users";

/** Who belongs to a project. */
export function ProjectPeople({ id }: { id: string }) {
  const t = useT();
  const { data, error, refetch } = useProject(id);
  const [adding, setAdding] = useState(false);
  const add = (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden className="size-4" />
      {t("users.add")}
    </Button>
  );
  return (
    <ConsoleFrame title={data?.name ?? t("users.project")} actions={data && add}>
      <Link href="/console/users?show=projects" className="-mt-3 inline-flex w-fit items-center gap-1 text-quiet underline-offset-4 hover:text-ink hover:underline">
        <ArrowLeft aria-hidden className="size-4" />
        {t("users.projects")}
      </Link>
      {error && <ConsoleError error={error} onRetry={() => void refetch()} />}
      {data && <p className="text-quiet">{t("users.everywhere")}</p>}
      {data && <PeopleTable project={id} />}
      {adding && <AddMemberDialog project={id} onClose={() => setAdding(false)} />}
    </ConsoleFrame>
  );
}
