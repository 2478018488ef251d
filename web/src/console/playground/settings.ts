import type { TextKey } from "@/i18n";
import type { TabName } from "./bench";

/** A field of a request: its name on the wire, what it does, what happens without it, and what it may be. */
type Field = { name: string; help: TextKey };
export type NumberSetting = Field & { kind: "number"; min: number; max?: number; step: number; fallback: number | null };
export type SwitchSetting = Field & { kind: "switch"; fallback: boolean };
export type ChoiceSetting = Field & { kind: "choice"; options: readonly string[]; fallback: string };
export type WordSetting = Field & { kind: "word"; fallback: string };
export type LinesSetting = Field & { kind: "lines"; most: number };
export type JsonSetting = Field & { kind: "json"; shape: "object" | "array"; example: string };
export type Setting = NumberSetting | SwitchSetting | ChoiceSetting | WordSetting | LinesSetting | JsonSetting;

export type SettingGroup = { name: TextKey; open: boolean; settings: readonly Setting[] };

const number = (name: string, help: TextKey, min: number, max: number | undefined, step: number, fallback: number | null): NumberSetting => ({
  kind: "number",
  name,
  help,
  min,
  ...(max !== undefined && { max }),
  step,
  fallback,
});
const flag = (name: string, help: TextKey, fallback = false): SwitchSetting => ({ kind: "switch", name, help, fallback });
const choice = (name: string, help: TextKey, options: readonly string[], fallback: string): ChoiceSetting => ({ kind: "choice", name, help, options, fallback });
const json = (name: string, help: TextKey, shape: "object" | "array", example: string): JsonSetting => ({ kind: "json", name, help, shape, example });

const STREAM = flag("stream", "play.help.stream");
const STOP: LinesSetting = { kind: "lines", name: "stop", help: "play.help.stop", most: 4 };
const N = number("n", "play.help.n", 1, 128, 1, 1);
/** Not a field: an object whose fields are sent beside the others. */
export const OTHER = json("extra_body", "play.help.extra_body", "object", '{"service_tier": "auto"}');

const SAMPLING: SettingGroup = {
  name: "play.group.sampling",
  open: true,
  settings: [
    number("temperature", "play.help.temperature", 0, 2, 0.05, 1),
    number("top_p", "play.help.top_p", 0, 1, 0.01, 1),
    number("top_k", "play.help.top_k", -1, undefined, 1, -1),
    number("min_p", "play.help.min_p", 0, 1, 0.01, 0),
    number("presence_penalty", "play.help.presence_penalty", -2, 2, 0.1, 0),
    number("frequency_penalty", "play.help.frequency_penalty", -2, 2, 0.1, 0),
    number("repetition_penalty", "play.help.repetition_penalty", 0.01, 10, 0.01, 1),
    number("seed", "play.help.seed", 0, undefined, 1, null),
  ],
};

const TOKENS = [
  json("logit_bias", "play.help.logit_bias", "object", '{"5": -100}'),
  json("stop_token_ids", "play.help.stop_token_ids", "array", "[2]"),
  flag("ignore_eos", "play.help.ignore_eos"),
];

/** All settings of each tab. */
export const SETTINGS: Record<TabName, readonly SettingGroup[]> = {
  chat: [
    {
      name: "play.group.answer",
      open: true,
      settings: [STREAM, number("max_completion_tokens", "play.help.max_completion_tokens", 0, undefined, 1, null), N, STOP],
    },
    SAMPLING,
    {
      name: "play.group.logprobs",
      open: true,
      settings: [flag("logprobs", "play.help.logprobs"), number("top_logprobs", "play.help.top_logprobs", 0, 20, 1, 0)],
    },
    {
      name: "play.group.format",
      open: false,
      settings: [
        choice("response_format", "play.help.response_format", ["text", "json_object", "json_schema"], "text"),
        json("json_schema", "play.help.json_schema", "object", '{"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}'),
      ],
    },
    {
      name: "play.group.tools",
      open: false,
      settings: [
        json("tools", "play.help.tools", "array", '[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]'),
        { kind: "word", name: "tool_choice", help: "play.help.tool_choice", fallback: "auto" },
        flag("parallel_tool_calls", "play.help.parallel_tool_calls", true),
      ],
    },
    {
      name: "play.group.more",
      open: false,
      settings: [
        ...TOKENS,
        json("chat_template_kwargs", "play.help.chat_template_kwargs", "object", '{"enable_thinking": false}'),
        flag("store", "play.help.store"),
        json("metadata", "play.help.metadata", "object", '{"try": "first"}'),
        OTHER,
      ],
    },
  ],
  completion: [
    {
      name: "play.group.answer",
      open: true,
      settings: [STREAM, number("max_tokens", "play.help.max_tokens", 0, undefined, 1, 16), N, number("best_of", "play.help.best_of", 1, 20, 1, 1), flag("echo", "play.help.echo"), STOP],
    },
    SAMPLING,
    { name: "play.group.logprobs", open: true, settings: [number("logprobs", "play.help.logprobsCount", 0, 20, 1, null)] },
    { name: "play.group.more", open: false, settings: [...TOKENS, OTHER] },
  ],
  images: [
    {
      name: "play.group.picture",
      open: true,
      settings: [
        number("n", "play.help.pictures", 1, 10, 1, 1),
        { kind: "word", name: "size", help: "play.help.size", fallback: "auto" },
        choice("quality", "play.help.quality", ["auto", "low", "medium", "high"], "auto"),
        { kind: "word", name: "style", help: "play.help.style", fallback: "natural" },
        choice("background", "play.help.background", ["auto", "transparent", "opaque"], "auto"),
        number("seed", "play.help.seed", 0, 4_294_967_295, 1, null),
        { kind: "word", name: "negative_prompt", help: "play.help.negative_prompt", fallback: "" },
      ],
    },
    {
      name: "play.group.format",
      open: true,
      settings: [
        choice("output_format", "play.help.output_format", ["png", "webp", "jpeg", "svg"], "png"),
        number("output_compression", "play.help.output_compression", 0, 100, 1, 100),
        STREAM,
        number("partial_images", "play.help.partial_images", 0, 3, 1, 0),
      ],
    },
    { name: "play.group.more", open: false, settings: [OTHER] },
  ],
  embeddings: [
    {
      name: "play.group.vectors",
      open: true,
      settings: [number("dimensions", "play.help.dimensions", 1, undefined, 1, null), choice("encoding_format", "play.help.encoding_format", ["float", "base64"], "float")],
    },
    { name: "play.group.more", open: false, settings: [OTHER] },
  ],
  rewards: [{ name: "play.group.more", open: true, settings: [OTHER] }],
};
