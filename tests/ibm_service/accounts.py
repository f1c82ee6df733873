"""Sign-in, instances and plans of the stand-in."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from tests.ibm_service.settings import Instance

Reply = tuple[int, Any]
_LIFE = 3600  # seconds of a token


def token(keys: dict[str, str], form: dict[str, str]) -> Reply:
    """The response of `POST /identity/token`: a token that tells the account of the key, or 400."""
    account = keys.get(form.get("apikey", ""))
    if account is None:
        return 400, {
            "errorCode": "BXNIM0415E",
            "errorMessage": "Provided API key could not be found.",
        }
    now = int(time.time())
    claims = {"iat": now, "exp": now + _LIFE, "account": {"bss": account}}
    return 200, {
        "access_token": ".".join((_part({"alg": "RS256", "typ": "JWT"}), _part(claims), _part({}))),
        "refresh_token": "not_supported",
        "token_type": "Bearer",
        "expires_in": _LIFE,
        "expiration": now + _LIFE,
    }


def account_of(authorization: str) -> str | None:
    """The account that a bearer token tells."""
    kind, _, value = authorization.partition(" ")
    if kind != "Bearer" or value.count(".") != 2:
        return None
    payload = value.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["account"]["bss"])


def found(instances: list[Instance], account: str) -> Reply:
    """The response of `POST /v3/resources/search`: the instances of an account."""
    return 200, {
        "items": [
            {
                "crn": each.crn,
                "name": each.name,
                "service_plan_unique_id": f"plan-{each.name}",
                "tags": [],
                "doc": {"extensions": [{"backends": "any"}] if each.allocated else []},
            }
            for each in instances
            if each.account == account
        ]
    }


def catalogued(instances: list[Instance], plan: str) -> Reply:
    """The response of `GET /{plan id}` of the catalogue."""
    for each in instances:
        if plan == f"plan-{each.name}":
            return 200, {
                "overview_ui": {"en": {"display_name": each.plan}},
                "metadata": {"pricing": {"type": each.pricing}},
            }
    return 404, {"errors": [{"code": "not_found", "message": "No such plan."}]}


def usage(instance: Instance) -> Reply:
    """The response of `GET /instances/usage`."""
    return 200, {
        "instance_id": instance.crn,
        "usage_consumed_seconds": instance.consumed,
        "usage_limit_seconds": instance.limit,
        "usage_limit_reached": instance.used_up,
    }


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
