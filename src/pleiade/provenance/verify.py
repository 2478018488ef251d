"""A picture's provenance, read back and checked; nothing is fetched from anywhere."""

import io
import json
from collections.abc import Sequence
from typing import Any

import c2pa

from pleiade.provenance.claim import LABEL, claim_of
from pleiade.provenance.formats import FORMATS, format_of
from pleiade.provenance.png_text import is_whole, read_texts
from pleiade.provenance.report import Report

UNKNOWN_SIGNER = "signingCredential.untrusted"


def verify(data: bytes, trusted: Sequence[str] = ()) -> Report:
    """What the picture `data` says of itself and whether that holds.

    `trusted`: certificates (PEM), such as `identity(home).root`, by which `ours` is told. Never raises for bad data.
    """
    format = format_of(data)
    if not format:
        return Report(format="", problems=("not a PNG, JPEG, WebP or SVG file",))
    texts = read_texts(data) if format == "png" else {}
    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False}}
    if trusted:
        settings["trust"] = {"user_anchors": "\n".join(trusted)}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(FORMATS[format], io.BytesIO(data), context=context) as reader,
        ):
            store: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Report(format=format, texts=texts)
    except c2pa.C2paError as error:
        return Report(format=format, texts=texts, signed=True, problems=(f"its manifest cannot be read: {error}",))
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    found = store.get("validation_results", {}).get("activeManifest", {})
    failures = [failure["code"] for failure in found.get("failure", ()) if failure["code"] != UNKNOWN_SIGNER]
    good = {success["code"] for success in found.get("success", ())}
    holds = "claimSignature.validated" in good and not any(
        code.startswith(("claimSignature.", "signingCredential.")) for code in failures
    )
    # C2PA leaves its own chunk out of the hash of the data; the checksums of PNG see changes there too.
    if format == "png" and not is_whole(data):
        failures.append("png.checksum.mismatch")
    return Report(
        format=format,
        signed=True,
        holds=holds,
        unchanged=not failures,
        ours=holds and "signingCredential.trusted" in good,
        signer=_signer(manifest.get("signature_info", {})),
        generator=_generator(manifest.get("claim_generator_info", [])),
        claim=next((claim_of(a["data"]) for a in manifest.get("assertions", ()) if a["label"] == LABEL), None),
        texts=texts,
        problems=tuple(failures),
    )


def _signer(info: dict[str, Any]) -> str:
    return ", ".join(str(info[field]) for field in ("common_name", "issuer") if info.get(field))


def _generator(infos: list[dict[str, Any]]) -> str:
    return " ".join(str(infos[0][field]) for field in ("name", "version") if infos[0].get(field)) if infos else ""
