/** A picture that a question asks for: the words after `/image` or `/dessin`, or after `/change` or `/retouche`. */
export type PictureWish = { words: string; changes: boolean };

// As the server reads it (products/chat/commands.py).
const COMMAND = /^\s*\/(image|dessin|change|retouche)(?!\S)\s*/i;

/** What of a picture a question wants; null where it wants words. */
export function pictureWish(question: string): PictureWish | null {
  const found = COMMAND.exec(question);
  return found && { words: question.slice(found[0].length), changes: /change|retouche/i.test(found[1] ?? "") };
}
