import { ApiError } from "@/api/client";

/** What the server said against each field, and what it said against none. */
export type Problems<Name extends string> = { of: Partial<Record<Name, string>>; other: string };

/** Tells an error apart by field: a line is about a field that it begins with, or that `param` names. */
export function problemsOf<Name extends string>(error: unknown, told: string, begins: Record<Name, string>): Problems<Name> {
  if (!error) return { of: {}, other: "" };
  const names = Object.keys(begins) as Name[];
  const of: Problems<Name>["of"] = {};
  const rest: string[] = [];
  for (const line of told.split("\n")) {
    const param = error instanceof ApiError ? error.param : null;
    const name = names.find((one) => line.toLowerCase().startsWith(begins[one])) ?? names.find((one) => one === param);
    if (name) of[name] = line;
    else rest.push(line);
  }
  return { of, other: rest.join("\n") };
}
