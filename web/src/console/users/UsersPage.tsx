import { Plus } from "lucide-react";
import { useState } from "react";
import { useParams } from "wouter";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { useAddress } from "../address";
import { Choice } from "../Choice";
import { ConsoleFrame } from "../ConsolePage";
import { InviteDialog } from "./InviteDialog";
import { InvitesTable } from "./InvitesTable";
import { LinkDialog } from "./LinkDialog";
import { PeopleTable } from "./PeopleTable";
import { NameDialog } from "./ProjectDialogs";
import { ProjectPeople } from "./ProjectPeople";
import { ProjectsTable } from "./ProjectsTable";

type Doing = { what: "invite" | "project" } | { what: "link"; email: string; link: string } | null;

/** Who belongs here: people of the organisation, those invited, and the projects that they work in. */
export default function UsersPage() {
  const t = useT();
  const { item } = useParams<{ item?: string }>();
  const [{ show }, change] = useAddress(["show"]);
  const [doing, setDoing] = useState<Doing>(null);
  if (item) return <ProjectPeople key={item} id={item} />;
  const parts = [
    { value: "", name: t("users.people") },
    { value: "invites", name: t("users.invites") },
    { value: "projects", name: t("users.projects") },
  ];
  const what = show === "projects" ? "project" : "invite";
  const actions = (
    <>
      <Choice label={t("users.title")} options={parts} value={show} onChange={(next) => change({ show: next })} />
      <Button look="primary" onClick={() => setDoing({ what })}>
        <Plus aria-hidden className="size-4" />
        {t(what === "project" ? "users.newProject" : "users.invite")}
      </Button>
    </>
  );
  const close = () => setDoing(null);
  return (
    <ConsoleFrame title={t("users.title")} actions={actions}>
      {show === "projects" ? <ProjectsTable /> : show === "invites" ? <InvitesTable /> : <PeopleTable />}
      {doing?.what === "invite" && <InviteDialog onClose={close} onMade={(made) => setDoing({ what: "link", ...made })} />}
      {doing?.what === "link" && <LinkDialog email={doing.email} link={doing.link} onClose={close} />}
      {doing?.what === "project" && <NameDialog onClose={close} />}
    </ConsoleFrame>
  );
}
