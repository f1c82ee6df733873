"""The HTTP side of the stand-in: the requests of the client, and `/admin` for tests."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.ibm_service import accounts, devices, settings
from tests.ibm_service.accounts import Reply
from tests.ibm_service.jobs import Job, JobTable
from tests.ibm_service.settings import Fault, Instance

_API = "/api/v1"
_PATIENCE = 120.0  # seconds that `/admin/settle` waits for jobs


class Service:
    """The state of the stand-in, and the reply to each request."""

    def __init__(self) -> None:
        self.jobs = JobTable()
        self.lock = threading.Lock()
        self.log: list[dict[str, Any]] = []
        self.reset()

    def reset(self) -> None:
        """Everything as at the start; jobs are forgotten."""
        account = Instance().account
        self.keys = {settings.KEY: account}
        self.instances = [Instance()]
        self.devices = {device.name: device for device in devices.standard()}
        self.faults: list[Fault] = []
        self.sessions: dict[str, dict[str, Any]] = {}
        self.log.clear()
        with self.jobs.changed:
            self.jobs.jobs.clear()
            self.jobs.rules, self.jobs.noise = settings.Jobs(), settings.Noise()
            self.jobs.changed.notify_all()

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, counted down."""
        with self.lock:
            for fault in self.faults:
                if fault.method in ("", method) and re.fullmatch(fault.path, path) and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def reply(self, method: str, path: str, query: dict[str, list[str]], body: bytes, headers: Any) -> Reply:
        """Status and document of a request."""
        if path == "/identity/token":
            return accounts.token(self.keys, dict(parse_qsl(body.decode())))
        account = accounts.account_of(headers.get("Authorization", ""))
        if account is None:
            return 401, _error(1200, "The token is not valid.")
        if path == "/v3/resources/search":
            return accounts.found(self.instances, account)
        if not path.startswith(_API):
            return accounts.catalogued(self.instances, path.strip("/"))
        instance = self._instance(headers.get("Service-CRN", ""), account)
        if instance is None:
            return 403, _error(1211, "The instance is not one of this account.")
        parts = path.removeprefix(_API).strip("/").split("/")
        document = json.loads(body) if body else {}
        return getattr(self, f"_{parts[0]}", _unknown)(method, parts[1:], query, document, instance)

    def _instance(self, crn: str, account: str) -> Instance | None:
        return next((each for each in self.instances if each.crn == crn and each.account == account), None)

    def _instances(self, _: str, __: list[str], ___: Any, ____: Any, instance: Instance) -> Reply:
        return accounts.usage(instance)

    def _backends(self, _: str, parts: list[str], query: Any, __: Any, ___: Instance) -> Reply:
        if not parts:
            return 200, {"devices": [each.listed() for each in self.devices.values() if not each.retired]}
        device = self.devices.get(parts[0])
        if device is None or device.retired:
            return 404, _error(1216, f"There is no device {parts[0]}.")
        if parts[1] == "properties":
            return 200, device.properties(query.get("updated_before", [""])[0])
        return 200, device.configuration() if parts[1] == "configuration" else device.state()

    def _sessions(self, method: str, parts: list[str], _: Any, document: Any, instance: Instance) -> Reply:
        if method == "POST":
            if instance.plan == "Open":
                return 400, _error(1352, "You are not authorized to run a session when using the open plan.")
            name = f"session{len(self.sessions) + 1}"
            self.sessions[name] = {"id": name, "accepting_jobs": True, "state": "open", **document}
            return 200, self.sessions[name]
        session = self.sessions.get(parts[0])
        if session is None:
            return 404, _error(1210, "There is no such session.")
        if method == "PATCH":
            session |= document
        if method == "DELETE":
            session["state"] = "closed"
        return (200, session) if method == "GET" else (204, None)

    def _jobs(self, method: str, parts: list[str], query: Any, document: Any, instance: Instance) -> Reply:
        if not parts:
            if method == "POST":
                return self._accept(document, instance)
            return self._search(query, instance)
        job = self.jobs.jobs.get(parts[0])
        if job is None or job.instance is not instance:
            return 404, _error(1291, f"There is no job {parts[0]}.")
        return self._of_job(method, job, parts[1:], query, document)

    def _accept(self, document: dict[str, Any], instance: Instance) -> Reply:
        device = self.devices.get(document["backend"])
        if device is None or device.retired:
            return 404, _error(1216, f"There is no device {document['backend']}.")
        if instance.used_up:
            return 400, _error(1213, "The instance has met its usage limit.")
        job = self.jobs.add(document, instance)
        return 200, {"id": job.id, "backend": job.device}

    def _search(self, query: dict[str, list[str]], instance: Instance) -> Reply:
        wanted = set(query.get("tags", []))
        found = [j for j in self.jobs.jobs.values() if j.instance is instance and wanted <= set(j.tags)]
        start = int(query.get("offset", ["0"])[0])
        page = found[::-1][start : start + int(query.get("limit", ["10"])[0])]
        return 200, {"jobs": [job.document() for job in page], "count": len(found)}

    def _of_job(self, method: str, job: Job, parts: list[str], query: Any, document: Any) -> Reply:
        match (method, *parts):
            case ("GET",):
                return 200, job.document(with_params=query.get("exclude_params") != ["true"])
            case ("DELETE",):
                del self.jobs.jobs[job.id]
                return 204, None
            case ("GET", "results"):
                return 200, self.jobs.result(job)
            case ("GET", "metrics"):
                return 200, self.jobs.metrics(job)
            case ("GET", "logs"):
                return 200, ""
            case ("PUT", "tags"):
                job.tags = list(document["tags"])
                return 204, None
            case ("POST", "cancel"):
                return (204, None) if self.jobs.cancel(job) else (409, _error(1293, "The job has ended."))
        return _unknown()

    def admin(self, what: str, document: dict[str, Any]) -> Reply:
        """What tests ask and switch; nothing that the client uses."""
        match what:
            case "reset":
                self.reset()
            case "faults":
                self.faults = [Fault.from_json(each) for each in document["faults"]]
            case "keys":
                self.keys = document["keys"]
            case "instances":
                self.instances = [Instance(**each) for each in document["instances"]]
            case "device":
                device = self.devices[document.pop("name")]
                for name, value in document.items():
                    setattr(device, name, value)
            case "jobs":
                self.jobs.switch(**document)
            case "noise":
                self.jobs.noise = settings.Noise(**document)
            case "settle":
                return (200, {}) if self.jobs.settle(_PATIENCE) else (504, {})
            case "log":
                return 200, {"requests": self.log}
            case "submitted":
                return 200, {"jobs": [_told(job) for job in self.jobs.jobs.values()]}
            case _:
                return _unknown()
        return 200, {}


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; what is asked and how it signs in goes to the log, keys and tokens do not."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for headers and body
    disable_nagle_algorithm = True
    service: Service

    def do_any(self) -> None:
        """The reply, after the fault that the request meets."""
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if address.path.startswith("/admin/"):
            self._send(*self.service.admin(address.path.removeprefix("/admin/"), json.loads(body or b"{}")))
            return
        self._note(address.path, body)
        fault = self.service.fault(self.command, address.path)
        if fault is None or fault.after:
            answer = self.service.reply(
                self.command, address.path, parse_qs(address.query), body, self.headers
            )
        if fault is None:
            self._send(*answer)
        elif fault.drop:
            self.close_connection = True
            self.connection.close()
        else:
            self._send(fault.status, _error(fault.status, "A fault of the stand-in."), fault.headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815 - names of http.server

    def _note(self, path: str, body: bytes) -> None:
        kind = self.headers.get("Authorization", "").partition(" ")[0]
        raw = any(key in str(self.headers) or key.encode() in body for key in self.service.keys)
        self.service.log.append(
            {
                "method": self.command,
                "path": path,
                "authorization": kind,
                "instance": self.headers.get("Service-CRN", ""),
                "bytes": len(body),
                "key": raw and path != "/identity/token",  # a key where only a token belongs
            }
        )

    def _send(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        body = b"" if document is None else text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the log is `/admin/log`."""


def listening(service: Service, port: int) -> ThreadingHTTPServer:
    """A server on loopback that answers with the service, not yet started."""
    handler = type("Bound", (Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


def _told(job: Job) -> dict[str, Any]:
    told = {
        f.name: getattr(job, f.name) for f in dataclasses.fields(job) if f.name not in ("instance", "result")
    }
    return told | {"instance": job.instance.crn}


def _unknown(*_: Any) -> Reply:
    return 404, _error(404, "The stand-in does not know this request.")


def _error(code: int, message: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}], "trace": "stand-in"}
