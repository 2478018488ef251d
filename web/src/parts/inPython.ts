import { type Call, drawsResponse, methodsOf } from "./calls.ts";

type PythonWay = "python" | "azure" | "azureV1";
const INDENT = "    ";

/** A call as a program in Python, with OpenAI's package: to OpenAI's prefix, to Azure's dated one, to Azure's new one. */
export function inPython(way: PythonWay, call: Call, origin: string): string {
  const { route, body } = call;
  const pictures = route.startsWith("/images/");
  const drawn = drawsResponse(call);
  const base64 = drawn || (pictures && (body["stream"] === true || body["response_format"] !== "url"));
  const own = methodsOf(route) === null;
  const streamedForm = own && pictures && body["stream"] === true;
  const imports = [
    ...(base64 ? ["import base64"] : []),
    "import os",
    ...(base64 ? ["from pathlib import Path"] : []),
    `from openai import ${[way === "azure" ? "AzureOpenAI" : "OpenAI", ...(streamedForm ? ["Stream"] : [])].join(", ")}`,
    ...(own && pictures ? [`from openai.types import ${streamedForm ? "ImageEditStreamEvent, ImagesResponse" : "ImagesResponse"}`] : []),
  ];
  return `${imports.join("\n")}\n\n${client(way, call, origin)}\n${own ? byPath(call) : byMethod(call)}\n${show(call)}`;
}

function client(way: PythonWay, { route, body }: Call, origin: string): string {
  if (way !== "azure") {
    return `client = OpenAI(base_url="${origin}${way === "python" ? "" : "/openai"}/v1", api_key=os.environ["PLEIADE_API_KEY"])`;
  }
  // The package puts the deployment into the path of the routes that it knows; of these two it does not.
  const outside = route === "/images/variations" || route === "/images/outpaint";
  const lines = [
    outside ? `base_url="${origin}/openai/deployments/${encodeURIComponent(String(body["model"]))}"` : `azure_endpoint="${origin}"`,
    `api_key=os.environ["PLEIADE_API_KEY"]`,
    `api_version="2024-10-21"`,
  ];
  return `client = AzureOpenAI(\n${lines.map((line) => `${INDENT}${line},\n`).join("")})`;
}

/** What the answer is called in the program. */
function nameOf({ body }: Call): string {
  return body["stream"] === true ? "stream" : "answer";
}

function byMethod(call: Call): string {
  const methods = methodsOf(call.route);
  const named: string[] = [];
  const extra: Call["body"] = {};
  for (const [field, names] of Object.entries(call.files ?? {})) named.push(`${field.replace("[]", "")}=${opened(names)}`);
  for (const [field, value] of Object.entries(call.body)) {
    if (methods?.known.includes(field)) named.push(`${field}=${python(value, INDENT)}`);
    else extra[field] = value;
  }
  if (Object.keys(extra).length > 0) named.push(`extra_body=${python(extra, INDENT)}`);
  return `${nameOf(call)} = client.${methods?.python}(\n${named.map((line) => `${INDENT}${line},\n`).join("")})`;
}

function byPath(call: Call): string {
  const lines = [`"${call.route}"`, `body=${python(call.body, INDENT)}`];
  if (call.files) {
    lines.push(`files={${Object.entries(call.files).map(([field, names]) => `"${field}": ${opened(names)}`).join(", ")}}`);
    lines.push(`options={"headers": {"Content-Type": "multipart/form-data"}}`);
  }
  lines.push(call.route === "/rewards" ? "cast_to=object" : "cast_to=ImagesResponse");
  if (call.body["stream"] === true) lines.push("stream=True", "stream_cls=Stream[ImageEditStreamEvent]");
  return `${nameOf(call)} = client.post(\n${lines.map((line) => `${INDENT}${line},\n`).join("")})`;
}

function opened(names: string | readonly string[]): string {
  const one = (name: string) => `open(${JSON.stringify(name)}, "rb")`;
  return typeof names === "string" ? one(names) : `[${names.map(one).join(", ")}]`;
}

/** What is done with the answer. */
function show(call: Call): string {
  const { route, body } = call;
  const stream = body["stream"] === true;
  const ending = typeof body["output_format"] === "string" ? body["output_format"] : "png";
  switch (route) {
    case "/responses":
      if (drawsResponse(call)) {
        const save = `Path("picture.png").write_bytes(base64.b64decode(item.result))`;
        return stream
          ? `for event in stream:\n    item = event.item if event.type == "response.output_item.done" else None\n    if item and item.type == "image_generation_call":\n        ${save}`
          : `for item in answer.output:\n    if item.type == "image_generation_call":\n        ${save}`;
      }
      if (stream) return `for event in stream:\n    if event.type == "response.output_text.delta":\n        print(event.delta, end="", flush=True)`;
      return body["background"] === true ? "print(answer.id, answer.status)" : "print(answer.output_text)";
    case "/chat/completions":
      return stream
        ? `for chunk in stream:\n    for choice in chunk.choices:\n        print(choice.delta.content or "", end="", flush=True)`
        : "for choice in answer.choices:\n    print(choice.message.content or choice.message.tool_calls)";
    case "/completions":
      return stream
        ? `for chunk in stream:\n    for choice in chunk.choices:\n        print(choice.text, end="", flush=True)`
        : "for choice in answer.choices:\n    print(choice.text)";
    case "/embeddings":
      return "for item in answer.data:\n    print(item.index, item.embedding[:4])";
    case "/rewards":
      return `for item in answer["data"]:\n    print(item["index"], item["score"])`;
    default:
      if (stream) {
        return `number = 0
for event in stream:
    if event.type.endswith(".completed"):
        number += 1
        Path(f"picture-{number}.${ending}").write_bytes(base64.b64decode(event.b64_json))`;
      }
      return body["response_format"] === "url"
        ? "for item in answer.data:\n    print(item.url)"
        : `for number, item in enumerate(answer.data, 1):
    Path(f"picture-{number}.${ending}").write_bytes(base64.b64decode(item.b64_json))`;
  }
}

/** A value as Python writes it. Strings of JSON are strings of Python. */
function python(value: unknown, indent: string): string {
  const inner = `${indent}${INDENT}`;
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
