import type { Attachment } from "./types";

/** Pictures that came with an answer, from this server. */
export function Pictures({ files }: { files: readonly Attachment[] }) {
  const pictures = files.filter((file) => file.kind === "image");
  if (pictures.length === 0) return null;
  return (
    <div className="my-2 flex flex-wrap gap-3">
      {pictures.map((file) => (
        <a key={file.id} href={`/v1/attachments/${file.id}/content`} target="_blank" rel="noopener">
          <img src={`/v1/attachments/${file.id}/content`} alt={file.name} className="max-h-96 max-w-full rounded-md border border-line" loading="lazy" />
        </a>
      ))}
    </div>
  );
}
