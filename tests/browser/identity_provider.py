"""A stand-in for a provider of OpenID Connect, for tests: it signs in whoever asks, without a password."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


@contextmanager
def provider(claims: dict[str, object]) -> Iterator[str]:
    """The address of a stand-in that says these claims of whoever signs in, until the block ends."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "one", "use": "sig", "alg": "RS256"}
    asked: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            question = {name: each[0] for name, each in parse_qs(url.query).items()}
            if url.path == "/.well-known/openid-configuration":
                self._say(
                    {
                        "issuer": address, "authorization_endpoint": f"{address}/authorize",
                        "token_endpoint": f"{address}/token", "jwks_uri": f"{address}/jwks",
                        "id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code"],
                        "subject_types_supported": ["public"],
                    }
                )  # fmt: skip
            elif url.path == "/jwks":
                self._say({"keys": [public]})
            elif url.path == "/authorize":
                code = secrets.token_urlsafe()
                asked[code] = question.get("nonce", "")
                back = urlencode({"code": code, "state": question["state"]})
                self.send_response(302)
                self.send_header("Location", f"{question['redirect_uri']}?{back}")
                self.end_headers()
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            nonce = asked.pop(body["code"][0])
            now = int(time.time())
            said = {
                "iss": address,
                "aud": "qlatent",
                "sub": "1",
                "iat": now,
                "exp": now + 600,
                "nonce": nonce,
            }
            token = jwt.encode(said | claims, key, algorithm="RS256", headers={"kid": "one"})
            self._say({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

        def _say(self, document: object) -> None:
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
