// Which way was taken from a picture to the ones made from it: "on again" goes there, not to the newest.
const ways = new Map<string, string>();

export function rememberWay(from: string, to: string): void {
  ways.set(from, to);
}

export function goneOnTo(from: string): string | undefined {
  return ways.get(from);
}
