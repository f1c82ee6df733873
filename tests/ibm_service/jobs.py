"""The jobs of the stand-in: accepted by threads of the server, executed one after the other in the main thread."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.ibm_service import settings
from tests.ibm_service.settings import Instance

FINAL = ("Completed", "Failed", "Cancelled")
_TOO_LONG = 1305


@dataclass
class Job:
    """A job and what has become of it."""

    id: str
    device: str
    instance: Instance
    params: dict[str, Any]
    tags: list[str]
    session: str | None
    most_seconds: int | None
    program: str
    ending: str
    status: str = "Queued"
    reason: str = ""
    reason_code: int | None = None
    result: str = ""
    seconds: float = 0.0
    usage_asked: int = 0
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    running: str = ""

    def document(self, *, with_params: bool = False) -> dict[str, Any]:
        """The response of `GET /jobs/{id}`."""
        state: dict[str, Any] = {"status": self.status}
        if self.reason:
            state |= {"reason": self.reason}
        if self.reason_code:
            state |= {"reason_code": self.reason_code}
        return {
            "id": self.id,
            "backend": self.device,
            "program": {"id": self.program},
            "created": self.created,
            "tags": self.tags,
            "state": state,
            "status": self.status,
            "session_id": self.session,
            "cost": self.most_seconds,
            **({"params": self.params} if with_params else {}),
        }


class JobTable:
    """All jobs; `run` executes them in the calling thread, for ever."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.rules = settings.Jobs()
        self.noise = settings.Noise()
        self.changed = threading.Condition()
        self._number = itertools.count(1)

    def add(self, body: dict[str, Any], instance: Instance) -> Job:
        """A new job from the body of `POST /jobs`."""
        with self.changed:
            job = Job(
                id=f"job{next(self._number):05d}",
                device=body["backend"],
                instance=instance,
                params=body["params"],
                tags=list(body.get("tags", [])),
                session=body.get("session_id"),
                most_seconds=body.get("cost"),
                program=body["program_id"],
                ending=self.rules.endings.pop(0) if self.rules.endings else "done",
            )
            self.jobs[job.id] = job
            self.changed.notify_all()
        return job

    def cancel(self, job: Job) -> bool:
        """Whether the job could still be cancelled."""
        with self.changed:
            if job.status in FINAL:
                return False
            job.status = "Cancelled"
            self.changed.notify_all()
        return True

    def switch(self, **rules: Any) -> None:
        """New rules of jobs that are not yet done."""
        with self.changed:
            for name, value in rules.items():
                setattr(self.rules, name, value)
            self.changed.notify_all()

    def settle(self, seconds: float) -> bool:
        """Waits until no job can go on; False if that took longer."""
        with self.changed:
            return self.changed.wait_for(lambda: not any(map(self._can_go_on, self.jobs.values())), seconds)

    def metrics(self, job: Job) -> dict[str, Any]:
        """The response of `GET /jobs/{id}/metrics`: the usage is pending at first."""
        job.usage_asked += 1
        final = job.status in FINAL and job.usage_asked > self.rules.pending_usage
        usage = {"status": "final" if final else "pending"}
        return {
            "timestamps": {"created": job.created, "running": job.running, "finished": job.running},
            "usage": usage | ({"qpu_charge_time_seconds": job.seconds} if final else {}),
        }

    def result(self, job: Job) -> str:
        """The response of `GET /jobs/{id}/results`: of a job that failed its reason."""
        if job.result and self.rules.cut_results > 0:
            self.rules.cut_results -= 1
            return job.result[: len(job.result) // 2]
        return job.result or job.reason

    def run(self) -> None:
        """Executes jobs for ever, in this thread."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: any(map(self._can_go_on, self.jobs.values())))
                job = next(job for job in self.jobs.values() if self._can_go_on(job))
                if job.status == "Queued":
                    job.status, job.running = "Running", datetime.now(UTC).isoformat()
                    continue  # so that a switch can hold it here
            self._carry_out(job)
            with self.changed:
                self.changed.notify_all()

    def _can_go_on(self, job: Job) -> bool:
        return job.status not in FINAL and job.status != self.rules.hold

    def _carry_out(self, job: Job) -> None:
        try:
            from tests.ibm_service import execution

            program = execution.decoded(job.params)
            wanted, job.seconds = execution.executions(program), execution.seconds(program)
            if job.ending == "failed":
                _end(job, "Failed", "The control electronics did not answer.", 1517)
            elif wanted > self.rules.most_executions:
                _end(
                    job,
                    "Failed",
                    f"The job has {wanted} executions, more than {self.rules.most_executions}.",
                    8089,
                )
            elif job.ending == "too long" or (job.most_seconds and job.seconds > job.most_seconds):
                job.seconds = float(job.most_seconds or job.seconds)
                _end(job, "Cancelled", "The job ran longer than its maximum execution time.", _TOO_LONG)
            else:
                text = execution.result(program, self.noise, seed=len(self.jobs))
                job.result = text
                _end(job, "Completed")
        except Exception as err:  # noqa: BLE001 - a job that IBM cannot execute fails, and the service goes on
            _end(job, "Failed", f"{type(err).__name__}: {err}", 9999)
        job.instance.consumed += job.seconds


def _end(job: Job, status: str, reason: str = "", code: int | None = None) -> None:
    if job.status != "Cancelled":  # by a request in between
        job.status, job.reason, job.reason_code = status, reason, code
