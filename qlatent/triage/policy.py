"""How the cases of a queue are decided: decisions, reasons, keys, and when a score is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from qlatent.errors import ConfigError, InputError

ACTIONS = ("skip", "undo", "blur", "note", "search", "hold", "help")
"""What a key can do beside deciding."""
RESERVED = ("c", "r")
"""Keys that belong to Streamlit."""

KEYS = {"skip": "s", "undo": "z", "blur": "b", "note": "n", "search": "/", "hold": "h", "help": "?"}
"""The usual key of each action."""

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Key = Annotated[str, Field(min_length=1, max_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Decision(_Part):
    """One way to decide a case.

    `kind` says what it means for the risk model: bad items are what the queue looks for, good ones are not, and open
    ones teach nothing. Pictures of items with a `severe` decision are not kept.
    """

    code: Code
    label: Annotated[str, Field(min_length=1, max_length=60)]
    key: Key
    kind: Literal["bad", "good", "open"]
    needs_reason: bool = False
    severe: bool = False


class Reason(_Part):
    """One reason for a decision."""

    code: Code
    label: Annotated[str, Field(min_length=1, max_length=80)]


class Policy(_Part):
    """The decisions and reasons of a queue, its keys, and how its cases are handed out."""

    decisions: Annotated[tuple[Decision, ...], Field(min_length=2, max_length=9)] = (
        Decision(code="violates", label="Violates", key="1", kind="bad", needs_reason=True),
        Decision(code="ok", label="OK", key="2", kind="good"),
        Decision(code="escalate", label="Escalate", key="3", kind="open"),
        Decision(code="unsure", label="Unsure", key="4", kind="open"),
    )
    reasons: Annotated[tuple[Reason, ...], Field(max_length=9)] = (
        Reason(code="prohibited", label="Prohibited goods"),
        Reason(code="counterfeit", label="Counterfeit"),
        Reason(code="misleading", label="Misleading: picture, text or price"),
        Reason(code="repost", label="Posted again"),
        Reason(code="other", label="Other, see note"),
    )
    text: Annotated[str, Field(max_length=20_000)] = ""
    keys: dict[str, Key] = KEYS  # actions that are left out keep their usual key
    score_hidden: bool = True  # until the first decision on a case
    random_every: Annotated[int, Field(ge=0, le=1000)] = 10  # 0: never
    lease_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 5.0
    review_share: Annotated[float, Field(ge=0, le=1)] = (
        0.0  # of decided cases, decided again by somebody else
    )

    @field_validator("keys")
    @classmethod
    def _every_action(cls, keys: dict[str, str]) -> dict[str, str]:
        return KEYS | keys

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, codes in (("decision", self.decisions), ("reason", self.reasons)):
            named = [each.code for each in codes]
            if len(set(named)) < len(named):
                raise ValueError(f"two of the {what}s have the same code")
        if unknown := set(self.keys) - set(ACTIONS):
            raise ValueError(f"there is no action {min(unknown)!r}; actions are {', '.join(ACTIONS)}")
        keys = [each.key for each in self.decisions] + list(self.keys.values())
        if len({key.lower() for key in keys}) < len(keys):
            raise ValueError("two actions have the same key")
        if taken := [key for key in keys if key.lower() in RESERVED]:
            raise ValueError(f"the key {taken[0]!r} belongs to the app itself")
        if any(each.needs_reason for each in self.decisions) and not self.reasons:
            raise ValueError("a decision needs a reason, but there are no reasons")
        return self

    def decision(self, code: str) -> Decision:
        """The decision with this code; an unknown one raises `InputError`."""
        for each in self.decisions:
            if each.code == code:
                return each
        said = ", ".join(each.code for each in self.decisions)
        raise InputError(
            f"{code!r} is not a decision of this queue at present; they are {said}.",
            remedy="Choose one of them.",
        )

    def check(self, code: str, reason: str) -> Decision:
        """The decision, if this reason goes with it; otherwise raises `InputError`."""
        decision = self.decision(code)
        reasons = [each.code for each in self.reasons]
        if reason and reason not in reasons:
            raise InputError(
                f"{reason!r} is not a reason of this queue; they are {', '.join(reasons) or 'none'}.",
                remedy="Choose one of them.",
            )
        if decision.needs_reason and not reason:
            raise InputError(
                f"The decision {code!r} needs a reason.", remedy=f"Give one of {', '.join(reasons)}."
            )
        return decision

    def kinds(self) -> dict[str, str]:
        """The kind of each decision code."""
        return {each.code: each.kind for each in self.decisions}

    def severe(self) -> frozenset[str]:
        """The codes of severe decisions."""
        return frozenset(each.code for each in self.decisions if each.severe)

    def document(self) -> dict[str, Any]:
        """The policy as JSON values."""
        return self.model_dump(mode="json")


def read(document: Mapping[str, Any]) -> Policy:
    """The policy in a document; an invalid one raises `ConfigError` with what is wrong."""
    try:
        return Policy.model_validate(dict(document))
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"The policy of the queue cannot be used: {place + ': ' if place else ''}{said}.",
            remedy="Correct it.",
        ) from err
