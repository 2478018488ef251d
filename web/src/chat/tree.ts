import type { Message } from "./types.ts";

/** The messages from the first one down to `leaf`; the newest branch where that is not given. */
export function branchTo(messages: readonly Message[], leaf: string | null): Message[] {
  const known = new Map(messages.map((message) => [message.id, message]));
  const branch: Message[] = [];
  let at = (leaf && known.get(leaf)) || messages.at(-1);
  while (at && branch.length <= messages.length) {
    branch.push(at);
    at = at.parent ? known.get(at.parent) : undefined;
  }
  return branch.reverse();
}

/** The versions of a message, itself included, oldest first. */
export function versionsOf(messages: readonly Message[], message: Message): Message[] {
  return messages.filter((other) => other.parent === message.parent && other.role === message.role);
}

/** The end of the newest branch below a message: what is shown when somebody turns to it. */
export function leafBelow(messages: readonly Message[], from: string): string {
  let leaf = from;
  for (;;) {
    const next = messages.findLast((message) => message.parent === leaf);
    if (!next) return leaf;
    leaf = next.id;
  }
}
