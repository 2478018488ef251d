import { api } from "@/api/client";
import type { Attachment } from "@/chat/types";
import { fileOfPicture } from "./gallery";
import { fileNameOf } from "./naming";
import type { Picture } from "./types";

/** Put a picture among the files of Chat; the id of that file. Throws ApiError. */
export async function sendToChat(picture: Picture, name: string): Promise<string> {
  const file = await fileOfPicture(picture);
  const form = new FormData();
  form.append("file", file, `${fileNameOf(name)}.${file.type.replace("image/", "")}`);
  return (await api.post<Attachment>("/v1/attachments", form)).id;
}
