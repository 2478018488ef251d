/** What can be asked for here: one tab for each kind of call. */
export const TABS = ["chat", "completion", "images", "embeddings", "rewards"] as const;
export type TabName = (typeof TABS)[number];

/** Settings as they were typed, by field; one that is not there is left to the server. */
export type Values = Readonly<Record<string, string | boolean>>;
/** Who is asked, and how. Two lanes are asked the same. */
export type Lane = { deployment: string; values: Values };

export type ToolCall = { id: string; name: string; arguments: string };
export const ROLES = ["system", "developer", "user", "assistant", "tool"] as const;
export type Role = (typeof ROLES)[number];
/** One message of a conversation. `calls`: of an assistant; `answers`: the id of the call whose result this is. */
export type Turn = { role: Role; content: string; calls?: ToolCall[]; answers?: string };

/** What is asked. `mocks`: what a tool of that name is made to say. */
export type Inputs = {
  chat: { turns: Turn[]; mocks: Record<string, string> };
  completion: { text: string };
  images: { prompt: string };
  embeddings: { texts: string[] };
  rewards: { system: string; question: string; answers: string[] };
};

/** Everything of a tab that a person has chosen: what a preset keeps. */
export type Bench<Tab extends TabName = TabName> = { [Name in Tab]: { tab: Name; input: Inputs[Name]; lanes: Lane[] } }[Tab];

/** Where a completion is to be put into a text, instead of after it. */
export const MARK = "[insert]";

const LANE: Lane = { deployment: "", values: {} };
const STREAMED: Lane = { deployment: "", values: { stream: true } };

/** A tab that nobody has touched yet. */
export const FRESH: { [Name in TabName]: Bench<Name> } = {
  chat: { tab: "chat", input: { turns: [{ role: "system", content: "" }, { role: "user", content: "" }], mocks: {} }, lanes: [STREAMED] },
  completion: { tab: "completion", input: { text: "" }, lanes: [{ deployment: "", values: { stream: true, max_tokens: "64" } }] },
  images: { tab: "images", input: { prompt: "" }, lanes: [LANE] },
  embeddings: { tab: "embeddings", input: { texts: ["", "", ""] }, lanes: [LANE] },
  rewards: { tab: "rewards", input: { system: "", question: "", answers: ["", ""] }, lanes: [LANE] },
};

/** What two lanes are called. */
export const LANE_NAMES = ["A", "B"] as const;
