const SQUARE = 8; // screen pixels

/** A pattern of two colours for what is transparent. */
export function chequers(one: string, other: string): HTMLCanvasElement | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * SQUARE;
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.fillStyle = other;
  context.fillRect(0, 0, 2 * SQUARE, 2 * SQUARE);
  context.fillStyle = one;
  context.fillRect(0, 0, SQUARE, SQUARE);
  context.fillRect(SQUARE, SQUARE, SQUARE, SQUARE);
  return canvas;
}
