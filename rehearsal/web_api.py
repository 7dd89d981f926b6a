"""Uses the web API of a rehearsal as people do: signs in by the pages of the user pool, and calls every route."""

import base64
import hashlib
import json
import secrets
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit

from rehearsal.account import EmulatedAccount, RehearsalError

READ, WRITE = "items/read", "items/write"
BOTH: Final = f"openid {READ} {WRITE}"
ROUTES: Final = {
    "GET /items": READ,
    "POST /items": WRITE,
    "GET /items/{id}": READ,
    "PUT /items/{id}": WRITE,
    "DELETE /items/{id}": WRITE,
}
"""The routes, each with the scope that it requires."""
NO_ITEM: Final = "0" * 32
SECONDS: Final = 60
"""Time limit for an answer. The first call of a function starts a process."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Headers by their names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Web:
    """The web as the emulated account has it: all hosts have one address, and the header ``Host`` says which it is."""

    def __init__(self, account: EmulatedAccount) -> None:
        self._endpoint = account.endpoint
        # A proxy of the environment cannot reach the loopback address of this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)

    def send(self, method: str, path: str, *, body: bytes | None = None, **headers: str) -> Answer:
        """:param headers: by their names, with underscores in place of hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self._endpoint + path, data=body, headers=named, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as found:
                return _answer(found.status, found)
        except HTTPError as error:
            with error:
                return _answer(error.code, error)

    def submit(self, path: str, **fields: str) -> Answer:
        """Submits a form."""
        form = urlencode(fields).encode()
        return self.send("POST", path, body=form, content_type="application/x-www-form-urlencoded")


class Api:
    """The deployed API."""

    def __init__(self, web: Web, api_id: str) -> None:
        self._web, self._host = web, f"{api_id}.execute-api.127.0.0.1"

    def call(self, method: str, path: str, *, token: str | None = None, content: Any = None, **headers: str) -> Answer:
        """:param content: is sent as JSON."""
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if content is not None:
            headers["content_type"] = "application/json"
        body = None if content is None else json.dumps(content).encode()
        return self._web.send(method, path, body=body, host=self._host, **headers)


class Users:
    """Users of a user pool, who sign in by its pages."""

    def __init__(self, account: EmulatedAccount, web: Web, pool: str, client: str) -> None:
        self._cognito, self._web, self._pool, self._client = account.session.client("cognito-idp"), web, pool, client

    def invite(self, email: str) -> str:
        """Makes a user with a password, and returns it."""
        password = f"Aa1!{secrets.token_urlsafe(16)}"
        self._cognito.admin_create_user(UserPoolId=self._pool, Username=email, MessageAction="SUPPRESS")
        self._cognito.admin_set_user_password(UserPoolId=self._pool, Username=email, Password=password, Permanent=True)
        return password

    def remove(self, email: str) -> None:
        self._cognito.admin_delete_user(UserPoolId=self._pool, Username=email)

    def sign_in(self, email: str, password: str, *, scope: str = BOTH) -> str:
        """The access token of the authorization code grant with PKCE."""
        found = self._cognito.describe_user_pool_client(UserPoolId=self._pool, ClientId=self._client)
        callback = found["UserPoolClient"]["CallbackURLs"][0]
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        request = {
            "client_id": self._client,
            "redirect_uri": callback,
            "response_type": "code",
            "scope": scope,
            "state": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        page = self._web.send("GET", f"/oauth2/authorize?{urlencode(request)}")
        _expect(page, 200, "the sign-in page")
        signed_in = self._web.submit("/login", **request, username=email, password=password)
        _expect(signed_in, 302, "the sign-in")
        [code] = parse_qs(urlsplit(signed_in.headers["location"]).query)["code"]
        tokens = self._web.submit(
            "/oauth2/token",
            grant_type="authorization_code",
            client_id=self._client,
            redirect_uri=callback,
            code=code,
            code_verifier=verifier,
        )
        _expect(tokens, 200, "the token endpoint")
        return tokens.json["access_token"]


def use(account: EmulatedAccount, outputs: Mapping[str, str], ids: Mapping[str, str]) -> str:
    """Calls every route without a token, with too little scope, and with a token.

    :raises RehearsalError: for an unexpected answer.
    :return: a few words about it.
    """
    web = Web(account)
    api = Api(web, ids["Http/Api/Resource"])
    users = Users(account, web, outputs["UserPoolId"], outputs["ClientId"])
    email = "someone@example.com"
    password = users.invite(email)
    token, may_read = users.sign_in(email, password), users.sign_in(email, password, scope=f"openid {READ}")
    for route, scope in ROUTES.items():
        method, path = route.replace("{id}", NO_ITEM).split()
        _expect(api.call(method, path), 401, f"{route} without a token")
        if scope == WRITE:
            _expect(api.call(method, path, token=may_read), 403, f"{route} with the scope {READ}")
    made = api.call("POST", "/items", token=token, content={"title": "First"})
    _expect(made, 201, "POST /items")
    path, first = made.headers["location"], made.headers["etag"]
    changed = api.call("PUT", path, token=token, content={"title": "Second"}, if_match=first)
    _expect(changed, 200, "PUT /items/{id}")
    _expect(api.call("PUT", path, token=token, content={"title": "Third"}, if_match=first), 412, "a stale PUT")
    found = api.call("GET", path, token=may_read)
    _expect(found, 200, "GET /items/{id}")
    listed = api.call("GET", "/items", token=token)
    _expect(listed, 200, "GET /items")
    if [each["content"]["title"] for each in listed.json["items"]] != ["Second"]:
        raise RehearsalError(f"GET /items must list the changed item alone, but answers {listed.body.decode()}")
    _expect(api.call("DELETE", path, token=token, if_match=found.headers["etag"]), 204, "DELETE /items/{id}")
    _expect(api.call("GET", path, token=token), 404, "a deleted item")
    users.remove(email)
    return f"{len(ROUTES)} routes, with a token and without"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows redirects instead of following them."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _answer(status: int, found: Any) -> Answer:
    return Answer(status, {name.lower(): value for name, value in found.headers.items()}, found.read())


def _expect(answer: Answer, status: int, what: str) -> None:
    if answer.status != status:
        said = answer.body.decode(errors="replace")[:500]
        raise RehearsalError(f"{what} must answer {status}, but answers {answer.status}: {said}")
