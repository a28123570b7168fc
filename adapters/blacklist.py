"""The platform's blacklist as a signed list for other platforms: digests, never an id number."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from adapters.read_models.blacklist import EntryRow
from adapters.signing import Signer, verified
from adapters.vault import Seal
from domain.blacklist import ENTRIES_MAX, Ground, ListedPerson, SignedList, bytes_to_sign


class ListKeyMissing(Exception):
    """The key that the platforms share for their lists is not set."""


class OpenVault(Protocol):
    def open(self, ref: str) -> dict[str, str]:
        """Raises VaultUnreadable."""
        ...


def listed(entries: Sequence[EntryRow], vault: OpenVault, seal: Seal) -> list[ListedPerson]:
    """Those who stand there now, with a ground. Raises ListKeyMissing, VaultUnreadable."""
    return [
        ListedPerson(
            f"{entry.member_id}.{entry.listed_on:%Y%m%d}",
            _digest(vault.open(f"identity-{entry.member_id}")["id_no"], seal),
            Ground(entry.ground),
            entry.listed_on,
        )
        for entry in entries
        if entry.ground is not None and entry.removed_on is None
    ]


def signed(
    issuer: str, as_of: date, people: Sequence[ListedPerson], seal: Seal, signer: Signer
) -> Iterator[SignedList]:
    """In parts, each signed by itself; where nobody is listed, one that says so."""
    key_id = seal.list_key_id
    if key_id is None:
        raise ListKeyMissing
    for at in range(0, len(people) or 1, ENTRIES_MAX):
        entries = tuple(people[at : at + ENTRIES_MAX])
        signature = signer.key.sign(bytes_to_sign(issuer, as_of, key_id, entries))
        yield SignedList(
            issuer=issuer,
            as_of=as_of,
            key_id=key_id,
            public_key=signer.public_key,
            signature=b64encode(signature).decode(),
            entries=entries,
        )


def genuine(given: SignedList) -> bool:
    message = bytes_to_sign(given.issuer, given.as_of, given.key_id, given.entries)
    return verified(given.public_key, message, given.signature)


def _digest(id_no: str, seal: Seal) -> str:
    digest = seal.list_digest(id_no)
    if digest is None:
        raise ListKeyMissing
    return digest
