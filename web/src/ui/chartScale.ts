/** Round values from 0 (or below) to above `most`, about `wanted` of them. */
export function niceTicks(most: number, wanted: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((nice) => nice * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => index * step);
}

/** Which of `count` places have a word below them, so that words of `room` pixels do not touch. */
export function labelled(count: number, width: number, room: number): number[] {
  const every = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(width / room))));
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}

/** An SVG path through the points that have a value; gaps stay gaps. */
export function linePath(values: readonly (number | null)[], x: (index: number) => number, y: (value: number) => number): string {
  let drawing = false;
  let path = "";
  for (const [index, value] of values.entries()) {
    if (value === null) drawing = false;
    else {
      path += `${drawing ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      // A point between gaps is a dot (round line caps draw it).
      if (!drawing && (values[index + 1] ?? null) === null) path += "h0";
      drawing = true;
    }
  }
  return path;
}
