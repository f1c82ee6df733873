"""Whether a key signs in, found out by one request to the sign-in service and to nobody else.

If signing in fails, IBM's client sends the raw key to the Runtime instead of a token, after a mere warning. So the key
is tried here first, and `connection.py` turns that warning into an error before the request is made.
"""

from __future__ import annotations

import os

from qlatent.hardware.ibm import causes
from qlatent.hardware.ibm.access import Access

_IAM = "https://iam.cloud.ibm.com"
_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_PATIENCE = (5.0, 30.0)  # seconds to connect, and to answer


def check(access: Access) -> None:
    """Returns if the key signs in; else raises the error that tells why: key, sign-in service, or network."""
    import requests

    address = f"{os.environ.get('IAM_URL') or _IAM}/identity/token"
    form = {"grant_type": _GRANT, "apikey": access.key, "response_type": "cloud_iam"}
    try:
        reply = requests.post(address, data=form, timeout=_PATIENCE, headers={"Accept": "application/json"})
    except requests.exceptions.RequestException as err:
        raise causes.no_network(type(err).__name__) from None  # the error holds the request, and so the key
    if reply.status_code in (400, 401, 403):
        raise causes.wrong_key(reply.status_code)
    if reply.status_code == 429:
        raise causes.busy("sign-in, HTTP 429", seconds=causes.later(reply))
    if not reply.ok:
        raise causes.sign_in_down(f"HTTP {reply.status_code}")
