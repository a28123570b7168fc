"""Ed25519 signatures over commands: made by who holds a key, checked against a public one."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any, NamedTuple, Self, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from domain.commands import Command
from domain.operators import NewOperator, Part, Signature, bytes_to_sign

C = TypeVar("C", bound=Command)

NOT_YET = Signature(operator_id="nobody", signature="A" * 86 + "==")
"""Stands where a signature will come."""


class Signer(NamedTuple):
    operator_id: str
    key: Ed25519PrivateKey

    @classmethod
    def made_up(cls, operator_id: str, secret: str) -> Self:
        """With a key that anybody can derive: for trial books and examples."""
        seed = hashlib.blake2b(f"{secret} {operator_id}".encode(), digest_size=32).digest()
        return cls(operator_id, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_key(self) -> str:
        return text_of(self.key.public_key())

    @property
    def operator(self) -> NewOperator:
        return NewOperator(operator_id=self.operator_id, public_key=self.public_key)

    def sign(self, command: Command, part: Part) -> Signature:
        signature = self.key.sign(bytes_to_sign(part, command.text_to_sign()))
        return Signature(operator_id=self.operator_id, signature=b64encode(signature).decode())


def by_two(kind: type[C], maker: Signer, checker: Signer, **fields: Any) -> C:
    """A command of this kind, signed by both."""
    command = kind.model_validate(fields | dict.fromkeys(Part, NOT_YET))
    return command.model_copy(
        update={
            Part.MAKER: maker.sign(command, Part.MAKER),
            Part.CHECKER: checker.sign(command, Part.CHECKER),
        }
    )


def text_of(key: Ed25519PublicKey) -> str:
    """32 bytes in base64, as domain.operators.PublicKey has it."""
    return b64encode(key.public_bytes_raw()).decode()


def verified(public_key: str, message: bytes, signature: str) -> bool:
    """Implements domain.operators.Verify."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key))
        key.verify(b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
