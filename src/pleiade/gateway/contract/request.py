"""A request that contract mode may change: its fields, whether they came as JSON or as a form."""

import io

import msgspec

from pleiade.gateway.body import encode_fields, parse_object
from pleiade.gateway.call import Body
from pleiade.gateway.form import Form, is_form, parse_form

_SIDE = 64  # pixels of the picture that stands in for what is none


class ContractRequest:
    """`fields` may be changed in place; `encode` gives the request with all that was changed."""

    def __init__(self, raw: bytes, content_type: bytes) -> None:
        """Raises ApiError 400 for what is neither a JSON object nor a form."""
        self._form: Form | None = parse_form(raw, content_type) if is_form(content_type) else None
        self.fields: Body = parse_object(raw) if self._form is None else self._form.fields

    def encode(self) -> bytes:
        """The body as it is now."""
        form = self._form
        if form is None:
            return encode_fields(self.fields)
        before = form.fields
        changes: dict[str, str | None] = {name: None for name in before if name not in self.fields}
        changes |= {name: _text(raw) for name, raw in self.fields.items() if raw != before.get(name)}
        return form.changed(changes).raw

    def replace_files(self) -> bool:
        """Put a picture in the place of each file; False where there is none."""
        form = self._form
        if form is None or not any(part.file for part in form.parts):
            return False
        picture = _picture()
        parts = [msgspec.structs.replace(part, data=picture) if part.file else part for part in form.parts]
        self._form = form.with_parts(parts)
        return True


def _text(raw: msgspec.Raw) -> str:
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else bytes(raw).decode()


def _picture() -> bytes:
    """A transparent PNG: as a picture or as its mask, it asks for all of it to be painted."""
    from PIL import Image  # imported here: no other gateway needs it

    file = io.BytesIO()
    Image.new("RGBA", (_SIDE, _SIDE)).save(file, "png")
    return file.getvalue()
