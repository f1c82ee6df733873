"""Who works on queues, and what each name may do."""

from __future__ import annotations

from qlatent.errors import InputError
from qlatent.services.triage import clock
from qlatent.store.catalogue.records import AnalystRecord
from qlatent.store.workspace import Workspace

PERMISSIONS = {
    "decide": "decide cases, and undo own decisions",
    "configure": "make, change and remove queues, undo decisions of others, and say who may do what",
    "export": "write decisions, logs and case reports to files",
}
LONGEST_NAME = 100


def analysts(workspace: Workspace) -> list[AnalystRecord]:
    """All names with permissions or settings of their own."""
    return workspace.catalogue.queues.analysts()


def permitted(workspace: Workspace, name: str) -> tuple[str, ...]:
    """What a name may do. While nobody has been given permissions, everybody may do everything."""
    given = [each for each in analysts(workspace) if each.permissions]
    if not given:
        return tuple(PERMISSIONS)
    return next((each.permissions for each in given if each.name == name), ())


def check(workspace: Workspace, name: str, permission: str) -> None:
    """Raise `InputError` if a name may not do this."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InputError(
            "Decisions need the name of who makes them.",
            remedy=f"Give one of at most {LONGEST_NAME} characters.",
        )
    if permission not in permitted(workspace, name):
        able = [each.name for each in analysts(workspace) if "configure" in each.permissions]
        raise InputError(
            f"{name} may not {PERMISSIONS[permission]}.",
            remedy=f"{', '.join(able)} can give the permission." if able else "",
        )


def permit(
    workspace: Workspace, name: str, permissions: tuple[str, ...], *, by: str, now: float | None = None
) -> AnalystRecord:
    """Say what a name may do. The first one to say so keeps all permissions itself."""
    check(workspace, by, "configure")
    if unknown := [each for each in permissions if each not in PERMISSIONS]:
        raise InputError(
            f"There is no permission {unknown[0]!r}.", remedy=f"Permissions are {', '.join(PERMISSIONS)}."
        )
    first = not any(each.permissions for each in analysts(workspace))
    others = [each for each in analysts(workspace) if each.name != name and "configure" in each.permissions]
    if "configure" not in permissions and not others and not (first and name != by):
        raise InputError(
            f"Without {name} nobody could configure.", remedy="Give the permission to somebody else first."
        )
    moment = clock.at(now)
    if first and name != by:
        _keep(workspace, by, tuple(PERMISSIONS), moment)
    return _keep(workspace, name, permissions, moment)


def _keep(workspace: Workspace, name: str, permissions: tuple[str, ...], now: float) -> AnalystRecord:
    found = workspace.catalogue.queues.analyst(name)
    record = AnalystRecord(
        name, permissions, found.settings if found else {}, found.created if found else now
    )
    workspace.catalogue.queues.keep_analyst(record)
    return record


def personal(workspace: Workspace, name: str) -> dict[str, object]:
    """The personal settings of a name: what the page keeps for it, such as whether pictures are blurred."""
    found = workspace.catalogue.queues.analyst(name)
    return dict(found.settings) if found else {}


def keep_personal(
    workspace: Workspace, name: str, values: dict[str, object], *, now: float | None = None
) -> None:
    """Change personal settings of a name; the others stay."""
    found = workspace.catalogue.queues.analyst(name)
    kept = (found.settings if found else {}) | values
    created = found.created if found else clock.at(now)
    workspace.catalogue.queues.keep_analyst(
        AnalystRecord(name, found.permissions if found else (), kept, created)
    )
