import { useT } from "@/i18n";
import type { Problem } from "./reading";

/** What is wrong, for people. */
export function useProblemText(): (problem: Problem) => string {
  const t = useT();
  return (problem) => ("text" in problem ? problem.text : t(problem.key, problem.values));
}
