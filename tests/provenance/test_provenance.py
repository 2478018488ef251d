"""A signed picture tells who made it, and a change shows."""

import io
import random
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pleiade.provenance import Claim, Identity, ProvenanceError, identity, sign, verify
from pleiade.provenance.identity import make_identity
from pleiade.provenance.png_text import add_texts, is_whole, read_texts

CLAIM = Claim(
    model="pleiade-image", prompt="un café, 猫 🐈", seed=7, created=1_790_000_000, organisation_name="Lumière"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="red" d="M0 0h8v8z"/></svg>'


@pytest.fixture(scope="module")
def house() -> Identity:
    return make_identity()


def picture(format: str) -> bytes:
    if format == "svg":
        return SVG
    data = io.BytesIO()
    pixels_HWC = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(pixels_HWC).save(data, format)
    return data.getvalue()


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "svg"])
def test_what_was_claimed_is_read_back_and_the_signature_holds(format: str, house: Identity) -> None:
    report = verify(sign(picture(format), format, CLAIM, house), [house.root])
    assert report.good
    assert report.ours
    assert (report.format, report.claim, report.problems) == (format, CLAIM, ())
    assert "self-made" in report.signer
    assert report.generator == "Pleiade"


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_signing_leaves_every_pixel_as_it_is(format: str, house: Identity) -> None:
    before = picture(format)
    after = sign(before, format, CLAIM, house)
    assert after != before
    for old, new in zip(Image.open(io.BytesIO(before)).getdata(), Image.open(io.BytesIO(after)).getdata(), strict=True):
        assert old == new


def test_png_texts_are_those_that_other_programs_read(house: Identity) -> None:
    texts = Image.open(io.BytesIO(sign(picture("png"), "png", CLAIM, house))).text  # type: ignore[attr-defined]
    assert texts == {
        "Software": "Pleiade",
        "Model": "pleiade-image",
        "Prompt": "un café, 猫 🐈",
        "Seed": "7",
        "Creation Time": "2026-09-21T14:13:20Z",
    }


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "svg"])
def test_a_changed_byte_of_the_picture_is_found(format: str, house: Identity) -> None:
    plain = picture(format)
    signed = sign(plain, format, CLAIM, house)
    dice = random.Random(5)
    # What follows the manifest is the picture, byte for byte; in WebP the manifest stands at the end.
    start = 40 if format == "webp" else len(signed) - len(plain) // 2
    end = len(plain) - 40 if format == "webp" else len(signed)
    for _ in range(30):
        changed = bytearray(signed)
        changed[dice.randrange(start, end)] ^= 1 << dice.randrange(8)
        report = verify(bytes(changed))
        assert not report.unchanged
        assert report.problems or not report.signed


def test_any_changed_byte_of_a_png_is_found(house: Identity) -> None:
    signed = sign(picture("png"), "png", CLAIM, house)
    dice = random.Random(6)
    for place in dice.sample(range(len(signed)), 150):
        changed = bytearray(signed)
        changed[place] ^= 0x10
        assert not verify(bytes(changed)).good


@pytest.mark.parametrize("format", ["jpeg", "webp", "svg"])
def test_a_changed_claim_is_found(format: str, house: Identity) -> None:
    import base64

    signed = sign(picture(format), format, Claim(model="pleiade-image", prompt="a red house"), house)
    if format == "svg":
        start = signed.index(b"<c2pa:manifest>") + len(b"<c2pa:manifest>")
        end = signed.index(b"</c2pa:manifest>")
        manifest = base64.b64decode(signed[start:end]).replace(b"a red house", b"a fed mouse")
        forged = signed[:start] + base64.b64encode(manifest) + signed[end:]
    else:
        forged = signed.replace(b"a red house", b"a fed mouse")
    assert forged != signed
    assert not verify(forged).good


def test_a_stranger_with_our_name_is_not_us(house: Identity) -> None:
    forged = sign(picture("png"), "png", CLAIM, make_identity())
    report = verify(forged, [house.root])
    assert report.good  # it is whole, and signed by whom it says
    assert not report.ours


def test_cropped_resaved_or_never_signed_pictures_say_nothing(house: Identity) -> None:
    saved = io.BytesIO()
    Image.open(io.BytesIO(sign(picture("png"), "png", CLAIM, house))).save(saved, "png")
    for data in (saved.getvalue(), picture("jpeg"), SVG):
        report = verify(data)
        assert not report.signed
        assert report.claim is None


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1\x00", b"RIFF\0\0\0\0WEBP", b"<svg"]
)
def test_what_is_no_picture_is_told_and_never_raises(data: bytes) -> None:
    assert not verify(data).good


@given(st.binary(max_size=400))
@settings(max_examples=50, deadline=None)
def test_no_bytes_at_all_make_verify_raise(data: bytes) -> None:
    for head in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBP", b"<svg>", b""):
        assert not verify(head + data).good


@pytest.mark.parametrize(("data", "format"), [(b"no picture", "png"), (SVG, "gif"), (b"", "jpeg")])
def test_what_cannot_be_signed_is_an_error_that_says_so(data: bytes, format: str, house: Identity) -> None:
    with pytest.raises(ProvenanceError, match="signed"):
        sign(data, format, CLAIM, house)


@given(st.text(max_size=60), st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_any_prompt_goes_through(prompt: str, seed: int) -> None:
    prompt = prompt.encode("utf-8", "replace").decode()
    claim = Claim(model="m", prompt=prompt, seed=seed)
    report = verify(sign(picture("png"), "png", claim, _HOUSE))
    assert report.good
    assert report.claim == claim


_HOUSE = make_identity()  # hypothesis takes no fixtures of function scope


@given(st.dictionaries(st.text("abcXYZ", min_size=1, max_size=20), st.text(max_size=50)))
def test_texts_in_a_png_are_read_back(texts: dict[str, str]) -> None:
    wanted = {key: text.encode("utf-8", "replace").decode().replace("\0", "") for key, text in texts.items()}
    png = add_texts(picture("png"), wanted)
    assert is_whole(png)
    assert read_texts(png) == wanted


def test_the_certificate_of_a_home_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: identity(tmp_path), range(16)))
    assert made == {identity(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["provenance"]
    assert stat.S_IMODE((tmp_path / "provenance").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "provenance" / "key.pem").stat().st_mode) == 0o600


def test_a_damaged_certificate_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    made = identity(tmp_path)
    (tmp_path / "provenance" / "key.pem").unlink()
    with pytest.raises(ProvenanceError, match="remove it"):
        identity(tmp_path)
    with pytest.raises(ProvenanceError):
        sign(picture("png"), "png", CLAIM, Identity(certificate=made.certificate, key="not a key"))
