"""The certificate of an installation: made by itself at first use, vouched for by nobody else."""

import datetime
import os
import secrets
import shutil
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pleiade.provenance.errors import ProvenanceError

FOLDER = "provenance"
ORGANISATION = "Pleiade (self-made certificate)"
# Without a timestamp authority a signature counts only as long as its certificate is valid: so it lasts.
VALID_DAYS = 20 * 365


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A private key with its certificates, PEM."""

    certificate: str  # the signing certificate, then the installation's own root
    key: str

    @property
    def root(self) -> str:
        """The root alone: what others may trust to recognise this installation's pictures."""
        return "-----BEGIN" + self.certificate.rpartition("-----BEGIN")[2]


def identity(home: Path) -> Identity:
    """The identity in HOME/provenance, made at first use: certificate.pem, and key.pem that only its owner reads.

    Safe where several processes ask for it first. Raises ProvenanceError where it cannot be read or written.
    """
    folder = home / FOLDER
    try:
        if not folder.is_dir():
            _write(folder, make_identity())
        return Identity(
            certificate=(folder / "certificate.pem").read_text("ascii"), key=(folder / "key.pem").read_text("ascii")
        )
    except (OSError, ValueError) as error:
        raise ProvenanceError(
            f"the certificate for pictures in {folder} cannot be used ({error}): make the folder readable and "
            "writable for who runs Pleiade, or remove it and another one is made"
        ) from error


def make_identity() -> Identity:
    """A new key and its two certificates, as C2PA 2.4 §14.5.1 wants them (an end-entity never signs itself).

    The root's key is thrown away: nobody, we neither, can make a second certificate under it.
    """
    number = secrets.token_hex(4)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, name = _name(f"Pleiade {number} root"), _name(f"Pleiade {number}")
    root = _certificate(root_name, root_name, root_key, root_key, authority=True)
    leaf = _certificate(name, root_name, key, root_key, authority=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(
        certificate=(leaf.public_bytes(pem) + root.public_bytes(pem)).decode("ascii"), key=secret.decode("ascii")
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)  # clocks differ
    usage = x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _write(folder: Path, made: Identity) -> None:
    """Both files appear at once; of two processes that make them at the same time, the second takes the first's."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder.with_name(f".{FOLDER}-{secrets.token_hex(4)}")
    fresh.mkdir(mode=0o700)
    try:
        for name, text in (("certificate.pem", made.certificate), ("key.pem", made.key)):
            descriptor = os.open(fresh / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
        fresh.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
