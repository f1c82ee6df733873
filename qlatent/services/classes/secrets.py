"""Codes that are read aloud, and the secrets of personal links, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which are read as digits from the back of a room."""
LENGTH = 6


def code() -> str:
    """A new code of a class; one of 148 million."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def typed(code: str) -> str:
    """A code as it is kept, from what somebody typed: 'abc-def ' is 'ABCDEF'."""
    return "".join(letter for letter in code.upper() if letter.isalpha())


def secret() -> str:
    """A new secret of 128 bits for a personal link."""
    return secrets.token_urlsafe(16)


def hashed(secret: str) -> str:
    """What is kept of a secret; a secret of 128 random bits needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether this is the secret whose hash was kept."""
    return hmac.compare_digest(hashed(secret), kept)
