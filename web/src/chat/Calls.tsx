import { FunctionCall } from "./FunctionCall";
import { PictureMade } from "./PictureMade";
import type { Call, Message } from "./types";

type CallsProps = {
  message: Message;
  calls: readonly Call[];
  /** What this browser has seen of the picture: it may be all that there is. */
  picture: string | null;
  drawing: boolean;
  onChange: () => void;
};

/** What an answer is beside words: a picture, calls of functions. */
export default function Calls({ message, calls, picture, drawing, onChange }: CallsProps) {
  const made = calls.find((call) => call.type === "image_generation_call");
  return (
    <>
      {(made || picture) && <PictureMade message={message} call={made ?? null} seen={picture} drawing={drawing} onChange={onChange} />}
      {calls.map((call) => call.type === "function_call" && <FunctionCall key={call.id} call={call} />)}
    </>
  );
}
