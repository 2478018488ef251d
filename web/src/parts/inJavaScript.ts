import { type Call, drawsResponse, methodsOf } from "./calls.ts";

/** A call as a module of JavaScript (Node 20 and later), with OpenAI's package where that has a method for it. */
export function inJavaScript(call: Call, origin: string): string {
  if (call.route === "/images/outpaint") return byForm(call, origin);
  const methods = methodsOf(call.route);
  const imports = [
    ...(call.files ? [`import { createReadStream } from "node:fs";`] : []),
    ...(savesPictures(call) ? [`import { writeFile } from "node:fs/promises";`] : []),
    `import OpenAI from "openai";`,
  ];
  const client = `const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.PLEIADE_API_KEY });`;
  const made = methods ? `client.${methods.javascript}(${fields(call)})` : `client.post("${call.route}", { body: ${JSON.stringify(call.body, null, 2)} })`;
  return `${imports.join("\n")}\n\n${client}\nconst ${call.body["stream"] === true ? "stream" : "answer"} = await ${made};\n${show(call)}`;
}

function savesPictures(call: Call): boolean {
  const { route, body } = call;
  return drawsResponse(call) || (route.startsWith("/images/") && (body["stream"] === true || body["response_format"] !== "url"));
}

function fields({ body, files }: Call): string {
  const text = JSON.stringify(body, null, 2);
  if (!files) return text;
  const opened = (name: string) => `createReadStream(${JSON.stringify(name)})`;
  const lines = Object.entries(files).map(
    ([field, names]) => `  ${field.replace("[]", "")}: ${typeof names === "string" ? opened(names) : `[${names.map(opened).join(", ")}]`},\n`,
  );
  return `{\n${lines.join("")}${text.slice(text.indexOf("\n") + 1)}`;
}

/** What the answer is good for. */
function show(call: Call): string {
  const { route, body } = call;
  const stream = body["stream"] === true;
  switch (route) {
    case "/responses":
      if (drawsResponse(call)) {
        const save = `if (item?.type === "image_generation_call") await writeFile("picture.png", item.result, "base64");`;
        return stream
          ? `for await (const event of stream) {\n  const item = event.type === "response.output_item.done" ? event.item : null;\n  ${save}\n}`
          : `for (const item of answer.output) ${save}`;
      }
      if (stream) return `for await (const event of stream) {\n  if (event.type === "response.output_text.delta") process.stdout.write(event.delta);\n}`;
      return body["background"] === true ? "console.log(answer.id, answer.status);" : "console.log(answer.output_text);";
    case "/chat/completions":
      return stream
        ? `for await (const chunk of stream) {\n  for (const choice of chunk.choices) process.stdout.write(choice.delta.content ?? "");\n}`
        : "for (const { message } of answer.choices) console.log(message.content ?? message.tool_calls);";
    case "/completions":
      return stream
        ? "for await (const chunk of stream) {\n  for (const choice of chunk.choices) process.stdout.write(choice.text);\n}"
        : "for (const choice of answer.choices) console.log(choice.text);";
    case "/embeddings":
      return "for (const item of answer.data) console.log(item.index, item.embedding.slice(0, 4));";
    case "/rewards":
      return "for (const item of answer.data) console.log(item.index, item.score);";
    default:
      return stream ? saveEvents("stream", call) : saveItems(call);
  }
}

function endingOf({ body }: Call): string {
  return typeof body["output_format"] === "string" ? body["output_format"] : "png";
}

function saveEvents(source: string, call: Call): string {
  return `let number = 0;
for await (const event of ${source}) {
  if (event.type.endsWith(".completed")) await writeFile(\`picture-\${++number}.${endingOf(call)}\`, event.b64_json, "base64");
}`;
}

function saveItems(call: Call): string {
  if (call.body["response_format"] === "url") return "for (const item of answer.data) console.log(item.url);";
  return `for (const [index, item] of answer.data.entries()) {
  await writeFile(\`picture-\${index + 1}.${endingOf(call)}\`, item.b64_json, "base64");
}`;
}

/** The one form that the package cannot send: with what JavaScript has itself. */
function byForm(call: Call, origin: string): string {
  const named = Object.entries(call.files ?? {}).flatMap(([field, names]) =>
    [names].flat().map((name) => `form.append("${field}", await openAsBlob(${JSON.stringify(name)}), ${JSON.stringify(name)});`),
  );
  const texts = Object.entries(call.body).map(([field, value]) => `form.append("${field}", ${JSON.stringify(typeof value === "string" ? value : JSON.stringify(value))});`);
  const stream = call.body["stream"] === true;
  const read = stream
    ? `const told = (await made.text()).split("\\n").filter((line) => line.startsWith("data: "));
const events = told.map((line) => JSON.parse(line.slice(6)));
${saveEvents("events", call)}`
    : `const answer = await made.json();\n${saveItems(call)}`;
  return `import { openAsBlob } from "node:fs";
${savesPictures(call) ? `import { writeFile } from "node:fs/promises";\n` : ""}
const form = new FormData();
${[...named, ...texts].join("\n")}
const made = await fetch("${origin}/v1/images/outpaint", {
  method: "POST",
  headers: { Authorization: \`Bearer \${process.env.PLEIADE_API_KEY}\` },
  body: form,
});
if (!made.ok) throw new Error(await made.text());
${read}`;
}
