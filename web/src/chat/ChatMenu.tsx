import { Archive, ArchiveRestore, Folder as FolderIcon, FolderOutput, Pencil, Pin, PinOff, ScrollText, Trash2 } from "lucide-react";
import { type ReactElement, useState } from "react";
import { useT } from "@/i18n";
import { keysOf } from "@/shell/shortcuts";
import { Keys } from "@/ui/Keys";
import { Menu, MenuGroup, MenuItem, MenuLine } from "@/ui/Menu";
import { useChatChanges } from "./changes";
import { InstructionsDialog } from "./InstructionsDialog";
import { useFolders } from "./queries";
import { RenameDialog } from "./RenameDialog";
import type { Chat } from "./types";

/** What can be done with a chat. */
export function ChatMenu({ chat, trigger }: { chat: Chat; trigger: ReactElement }) {
  const t = useT();
  const { change, archive, forget } = useChatChanges();
  const folders = useFolders().data?.data ?? [];
  const [renaming, setRenaming] = useState(false);
  const [instructing, setInstructing] = useState(false);
  return (
    <>
      <Menu trigger={trigger}>
        <MenuItem icon={<Pencil aria-hidden />} onClick={() => setRenaming(true)}>
          {t("chat.rename")}
        </MenuItem>
        <MenuItem icon={<ScrollText aria-hidden />} onClick={() => setInstructing(true)}>
          {t("chat.instructions")}
        </MenuItem>
        <MenuItem icon={chat.pinned ? <PinOff aria-hidden /> : <Pin aria-hidden />} onClick={() => void change(chat, { pinned: !chat.pinned })}>
          {t(chat.pinned ? "chat.unpin" : "chat.pin")}
        </MenuItem>
        <MenuItem icon={chat.archived ? <ArchiveRestore aria-hidden /> : <Archive aria-hidden />} onClick={() => archive(chat, !chat.archived)}>
          {t(chat.archived ? "chat.unarchive" : "chat.archive")}
        </MenuItem>
        {folders.length > 0 && (
          <MenuGroup label={t("project.move")}>
            {folders.map((folder) => (
              <MenuItem key={folder.id} icon={<FolderIcon aria-hidden />} checked={chat.folder === folder.id} onClick={() => void change(chat, { folder: folder.id })}>
                {folder.name}
              </MenuItem>
            ))}
            {chat.folder && (
              <MenuItem icon={<FolderOutput aria-hidden />} onClick={() => void change(chat, { folder: null })}>
                {t("project.leave")}
              </MenuItem>
            )}
          </MenuGroup>
        )}
        <MenuLine />
        <MenuItem danger icon={<Trash2 aria-hidden />} keys={<Keys of={keysOf("deleteChat")} />} onClick={() => forget(chat)}>
          {t("chat.delete")}
        </MenuItem>
      </Menu>
      {instructing && (
        <InstructionsDialog instructions={chat.instructions} onClose={() => setInstructing(false)} onSave={(instructions) => void change(chat, { instructions })} />
      )}
      {renaming && <RenameDialog title={chat.title} onClose={() => setRenaming(false)} onSave={(title) => void change(chat, { title })} />}
    </>
  );
}
