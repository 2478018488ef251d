"""The routes of folders."""

from collections.abc import Sequence
from functools import partial

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.chats.bodies import FolderChanges, NewFolder
from pleiade.gateway.chats.files import Files
from pleiade.gateway.desk import Desk, owner_of, send, send_deleted
from pleiade.gateway.routing import Route
from pleiade.products.chat import folders
from pleiade.products.chat.nouns import Deleted, Folder, FolderList


class Cabinet:
    """`/chats/folders` and `/chats/folders/{folder_id}`."""

    def __init__(self, desk: Desk, files: Files) -> None:
        self._desk = desk
        self._files = files
        one = "/chats/folders/{folder_id}"
        post, get, delete = (partial(Route, method=method) for method in ("POST", "GET", "DELETE"))
        self.routes: Sequence[Route] = (
            get(path="/chats/folders", handler=self.list_all, gives=FolderList),
            post(path="/chats/folders", handler=self.create, takes=NewFolder, gives=Folder),
            get(path=one, handler=self.retrieve, gives=Folder),
            post(path=one, handler=self.update, takes=FolderChanges, gives=Folder),
            delete(path=one, handler=self.delete, gives=Deleted),
        )

    async def list_all(self, call: Call) -> None:
        """The caller's folders, by name."""
        await send(call, FolderList(data=await self._desk.read(folders.list_all, owner_of(call))))

    async def create(self, call: Call) -> None:
        """Make a folder. Raises ApiError 404 for an attachment that is not the caller's."""
        wanted = await self._desk.body(call, NewFolder)
        made = await self._desk.write(
            folders.insert,
            owner_of(call),
            name=wanted.name,
            instructions=wanted.instructions,
            deployment=wanted.deployment or "",
            attachments=wanted.attachments,
        )
        await send(call, made)

    async def retrieve(self, call: Call) -> None:
        """One folder. Raises ApiError 404."""
        await send(call, await self._desk.read(folders.find, owner_of(call), call.params["folder_id"]))

    async def update(self, call: Call) -> None:
        """Change a folder; its chats take the changes at their next answer. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, FolderChanges)
        values = {
            name: value or ""
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not msgspec.UNSET and name != "attachments"
        }
        files = None if wanted.attachments is msgspec.UNSET else wanted.attachments
        folder, gone = await self._desk.write(folders.update, owner_of(call), call.params["folder_id"], values, files)
        await self._files.remove(gone)
        await send(call, folder)

    async def delete(self, call: Call) -> None:
        """Forget a folder; its chats stay, in none. Raises ApiError 404."""
        gone = await self._desk.write(folders.delete, owner_of(call), call.params["folder_id"])
        await self._files.remove(gone)
        await send_deleted(call, call.params["folder_id"], "chat.folder")
