import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import type { Session } from "@/api/session";
import { type TextKey, withTexts } from "@/i18n";

/** One tab of the Console, at /console/SEGMENT (and /console/SEGMENT/ITEM: `useParams<{ item?: string }>()`). */
export type ConsoleEntry = {
  segment: string;
  name: TextKey;
  /** The lowest role that sees it; the server decides all the same. */
  from: Session["role"];
  page: LazyExoticComponent<ComponentType>;
};

const RANKS: readonly Session["role"][] = ["viewer", "member", "developer", "admin", "owner"];

/** A tab stands here from the day it works: one line each, in the order of the tabs. */
export const CONSOLE_PAGES: readonly ConsoleEntry[] = [
  { segment: "overview", name: "console.overview", from: "viewer", page: lazy(() => import("./overview/OverviewPage")) },
  { segment: "deployments", name: "console.deployments", from: "admin", page: lazy(() => withTexts("deployments", import("./deployments/DeploymentsPage"))) },
  { segment: "playground", name: "console.playground", from: "member", page: lazy(() => withTexts("playground", import("./playground/PlaygroundPage"))) },
  { segment: "keys", name: "console.keys", from: "developer", page: lazy(() => withTexts("keyring", import("./keys/KeysPage"))) },
  { segment: "limits", name: "console.limits", from: "admin", page: lazy(() => withTexts("quotas", import("./quotas/LimitsPage"))) },
  { segment: "users", name: "console.users", from: "admin", page: lazy(() => withTexts("users", import("./users/UsersPage"))) },
  { segment: "usage", name: "console.usage", from: "viewer", page: lazy(() => import("./usage/UsagePage")) },
  { segment: "invoices", name: "console.invoices", from: "member", page: lazy(() => withTexts("money", import("./invoices/InvoicesPage"))) },
  { segment: "settlement", name: "console.settlement", from: "admin", page: lazy(() => withTexts("money", import("./settlement/SettlementPage"))) },
  { segment: "runs", name: "console.runs", from: "viewer", page: lazy(() => import("./runs/RunsPage")) },
  { segment: "datasets", name: "console.datasets", from: "member", page: lazy(() => withTexts("bulk", import("./datasets/DatasetsPage"))) },
  { segment: "jobs", name: "console.jobs", from: "member", page: lazy(() => withTexts("bulk", import("./jobs/JobsPage"))) },
  { segment: "evals", name: "console.evals", from: "member", page: lazy(() => withTexts("evals", import("./evals/EvalsPage"))) },
  { segment: "filters", name: "console.filters", from: "admin", page: lazy(() => withTexts("filters", import("./filters/FiltersPage"))) },
  { segment: "feedback", name: "console.feedback", from: "developer", page: lazy(() => withTexts("inbox", import("./feedback/FeedbackPage"))) },
  { segment: "lessons", name: "console.lessons", from: "admin", page: lazy(() => withTexts("lessons", import("./lessons/LessonsPage"))) },
  { segment: "audit", name: "console.audit", from: "admin", page: lazy(() => withTexts("audit", import("./audit/AuditPage"))) },
  { segment: "doctor", name: "console.doctor", from: "admin", page: lazy(() => withTexts("doctor", import("./doctor/DoctorPage"))) },
  { segment: "settings", name: "console.settings", from: "admin", page: lazy(() => withTexts("house", import("./settings/SettingsPage"))) },
];

export function mayHave(role: Session["role"], from: Session["role"]): boolean {
  return RANKS.indexOf(role) >= RANKS.indexOf(from);
}
