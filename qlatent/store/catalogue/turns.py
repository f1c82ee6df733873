"""The order in which waiting runs start: owners take turns, so that nobody waits behind a long list of another's."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping


def in_turn(
    waiting: Iterable[tuple[str, str]], *, served: Mapping[str, float], running: Iterable[str] = ()
) -> Iterator[str]:
    """The ids of waiting runs in the order in which they start.

    `waiting` has the id and owner of each, oldest first; `served` is when a run of each owner last started (unix
    seconds), and `running` names the owner of each run that is under way. Next is always the oldest run of the owner
    with the fewest under way, then of the one who was served longest ago (round robin), then the oldest of all.
    """
    queues: dict[str, deque[tuple[int, str]]] = {}
    for place, (run, owner) in enumerate(waiting):
        queues.setdefault(owner, deque()).append((place, run))
    busy = Counter(running)
    last = {owner: (0, served.get(owner, float("-inf"))) for owner in queues}
    turn = 0
    while queues:
        owner = min(queues, key=lambda each: (busy[each], last[each], queues[each][0][0]))
        yield queues[owner].popleft()[1]
        turn += 1
        last[owner] = (turn, 0.0)  # later than everybody who has not had a turn
        if not queues[owner]:
            del queues[owner]
