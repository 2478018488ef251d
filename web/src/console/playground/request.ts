import type { Call, CallBody } from "@/parts/callCode";
import type { Model } from "@/parts/models";
import { type Bench, type Lane, MARK, type Turn } from "./bench";
import { type Problem, type Problems, readSetting } from "./reading";
import { OTHER, SETTINGS } from "./settings";

export type Asked = { call: Call; problems: Problems };

const ROUTES = {
  chat: "/chat/completions",
  completion: "/completions",
  images: "/images/generations",
  embeddings: "/embeddings",
  rewards: "/rewards",
} as const satisfies Record<Bench["tab"], Call["route"]>;
const LIMITED_BY_CONTEXT = new Set(["max_tokens", "max_completion_tokens"]);

/** The call that a lane makes, exactly as it is sent, and what keeps it from being sent. */
export function callOf(bench: Bench, lane: Lane, model: Model | undefined): Asked {
  const problems = new Map<string, Problem>();
  const said: CallBody = {};
  for (const setting of SETTINGS[bench.tab].flatMap((group) => group.settings)) {
    const most = LIMITED_BY_CONTEXT.has(setting.name) ? (model?.context_length ?? undefined) : undefined;
    const read = readSetting(setting, lane.values, most);
    if (read && "problem" in read) problems.set(setting.name, read.problem);
    else if (read) said[setting.name] = read.value;
  }
  const { [OTHER.name]: other, ...settings } = said;
  const body: CallBody = { model: lane.deployment, ...inputOf(bench, problems), ...arranged(bench, settings, problems), ...(other as CallBody | undefined) };
  if (!lane.deployment) problems.set("model", { key: "play.bad.model" });
  return { call: { route: ROUTES[bench.tab], body }, problems };
}

/** What is asked, in the fields of its route. */
function inputOf({ tab, input }: Bench, problems: Map<string, Problem>): CallBody {
  switch (tab) {
    case "chat": {
      const messages = input.turns.filter((turn) => turn.content !== "" || turn.calls?.length || turn.role === "tool").map(messageOf);
      if (messages.length === 0) problems.set("messages", { key: "play.bad.messages" });
      return { messages };
    }
    case "completion": {
      const at = input.text.indexOf(MARK);
      if (at < 0) return { prompt: input.text };
      return { prompt: input.text.slice(0, at), suffix: input.text.slice(at + MARK.length) };
    }
    case "images":
      if (input.prompt.trim() === "") problems.set("prompt", { key: "play.bad.prompt" });
      return { prompt: input.prompt };
    case "embeddings": {
      const texts = input.texts.filter((text) => text.trim() !== "");
      if (texts.length === 0) problems.set("input", { key: "play.bad.texts" });
      return { input: texts };
    }
    case "rewards": {
      const candidates = input.answers.filter((answer) => answer.trim() !== "");
      if (input.question.trim() === "" || candidates.length === 0) problems.set("input", { key: "play.bad.answers" });
      const system = input.system.trim() === "" ? [] : [{ role: "system", content: input.system }];
      return { input: { messages: [...system, { role: "user", content: input.question }], candidates } };
    }
  }
}

function messageOf({ role, content, calls, answers }: Turn): CallBody {
  if (role === "tool") return { role, tool_call_id: answers ?? "", content };
  if (role !== "assistant" || !calls?.length) return { role, content };
  const tool_calls = calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } }));
  return { role, content: content || null, tool_calls };
}

/** Settings whose form on the wire is another than on the page. */
function arranged({ tab }: Bench, settings: CallBody, problems: Map<string, Problem>): CallBody {
  const body = { ...settings };
  const text = tab === "chat" || tab === "completion";
  if (text && body["stream"] === true) body["stream_options"] = { include_usage: true };
  if (tab === "completion" && typeof body["best_of"] === "number" && body["best_of"] < Number(body["n"] ?? 1)) {
    problems.set("best_of", { key: "play.bad.bestOf" });
  }
  if (tab === "images" && body["partial_images"] && body["stream"] !== true) problems.set("partial_images", { key: "play.bad.needs", values: { field: "stream" } });
  if (tab !== "chat") return body;
  if (body["top_logprobs"] !== undefined && body["logprobs"] !== true) problems.set("top_logprobs", { key: "play.bad.needs", values: { field: "logprobs" } });
  const { json_schema: schema, response_format: format } = body;
  delete body["json_schema"];
  if (format === "json_schema") {
    body["response_format"] = { type: format, json_schema: { name: "answer", strict: true, schema } };
    if (schema === undefined && !problems.has("json_schema")) problems.set("json_schema", { key: "play.bad.schema" });
  } else if (format !== undefined) body["response_format"] = { type: format };
  const wanted = body["tool_choice"];
  if (typeof wanted === "string" && !["auto", "none", "required"].includes(wanted)) body["tool_choice"] = { type: "function", function: { name: wanted } };
  for (const field of ["tool_choice", "parallel_tool_calls"]) {
    if (body[field] !== undefined && body["tools"] === undefined) problems.set(field, { key: "play.bad.needs", values: { field: "tools" } });
  }
  return body;
}
