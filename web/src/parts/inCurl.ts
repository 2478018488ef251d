import type { Call } from "./calls.ts";

/** A call as a command of a POSIX shell. */
export function inCurl({ route, body, files }: Call, origin: string): string {
  const streams = body["stream"] === true ? " --no-buffer" : "";
  const lines = [`curl${streams} ${origin}/v1${route}`, `-H "Authorization: Bearer $PLEIADE_API_KEY"`];
  if (files) lines.push(...formFields({ body, files }));
  else lines.push(`-H "Content-Type: application/json"`, `-d ${shell(JSON.stringify(body, null, 2))}`);
  return lines.join(" \\\n  ");
}

function formFields({ body, files }: { body: Call["body"]; files: NonNullable<Call["files"]> }): string[] {
  const named = Object.entries(files).flatMap(([field, names]) => [names].flat().map((name) => `-F ${shell(`${field}=@"${name}"`)}`));
  // --form-string: a value that begins with @ or < is a text all the same.
  const texts = Object.entries(body).map(([field, value]) => `--form-string ${shell(`${field}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`);
  return [...named, ...texts];
}

/** A word of a POSIX shell that stands for exactly `text`. */
function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
