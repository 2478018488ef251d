/** The body of a request, as the server got it. */
export type CallBody = Record<string, unknown>;

export const WAYS = ["curl", "python", "azure", "javascript"] as const;
export type Way = (typeof WAYS)[number];
export const WAY_NAMES: Record<Way, string> = { curl: "curl", python: "Python", azure: "Python (Azure)", javascript: "JavaScript" };
export const WAY_LANGUAGES: Record<Way, string> = { curl: "bash", python: "python", azure: "python", javascript: "javascript" };

/** A program that makes the call POST /v1/responses with `body` at `origin`. Its key stands in PLEIADE_API_KEY. */
export function codeFor(way: Way, body: CallBody, origin: string): string {
  switch (way) {
    case "curl":
      return `curl --no-buffer ${origin}/v1/responses \\
  -H "Authorization: Bearer $PLEIADE_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d ${shell(JSON.stringify(body, null, 2))}`;
    case "python":
      return `import os
from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=os.environ["PLEIADE_API_KEY"])
${pythonCall(body)}`;
    case "azure":
      return `import os
from openai import AzureOpenAI

client = AzureOpenAI(
    base_url="${origin}/openai/v1",
    api_key=os.environ["PLEIADE_API_KEY"],
    api_version="preview",
)
${pythonCall(body)}`;
    case "javascript":
      return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.PLEIADE_API_KEY });
${javascriptCall(body)}`;
  }
}

function pythonCall(body: CallBody): string {
  const call = `client.responses.create(**${python(body, "")})`;
  if (!body["stream"]) return `response = ${call}\nprint(response.output_text)`;
  return `stream = ${call}
for event in stream:
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)`;
}

function javascriptCall(body: CallBody): string {
  const call = `await client.responses.create(${JSON.stringify(body, null, 2)})`;
  if (!body["stream"]) return `const response = ${call};\nconsole.log(response.output_text);`;
  return `const stream = ${call};
for await (const event of stream) {
  if (event.type === "response.output_text.delta") process.stdout.write(event.delta);
}`;
}

/** A word of a POSIX shell that stands for exactly `text`. */
function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A value as Python writes it. Strings of JSON are strings of Python. */
function python(value: unknown, indent: string): string {
  const inner = `${indent}    `;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => `${inner}${python(item, inner)},\n`).join("")}${indent}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${python(item, inner)},\n`);
    return entries.length === 0 ? "{}" : `{\n${entries.join("")}${indent}}`;
  }
  return JSON.stringify(value);
}
