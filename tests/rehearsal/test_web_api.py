"""Every route of the deployed web API refuses a token that is not right for it, and keeps owners apart."""

import time
from collections.abc import Callable
from typing import Any

from patternbook.api.openapi import read_operations
from rehearsal.account import EmulatedAccount
from rehearsal.cycle import Cycle
from rehearsal.web_api import BOTH, NO_ITEM, READ, ROUTES, WRITE, Api, Users, Web
from stacks.web_api.functions import OPENAPI

# An update resets what it does not name.
AS_IT_WAS = (
    *("AccessTokenValidity", "TokenValidityUnits", "AllowedOAuthFlows", "AllowedOAuthFlowsUserPoolClient"),
    *("AllowedOAuthScopes", "CallbackURLs", "ExplicitAuthFlows", "SupportedIdentityProviders"),
)
ME, OTHER = "me@example.com", "other@example.com"


def test_the_walk_visits_every_route_of_the_document() -> None:
    assert {each.route_key: each.scopes for each in read_operations(OPENAPI)} == {
        route: (scope,) for route, scope in ROUTES.items()
    }


def test_every_route_checks_tokens_and_nobody_reaches_items_of_others(
    account: EmulatedAccount, steps: Callable[..., Cycle]
) -> None:
    """One test, because it deploys the stack."""
    cycle = steps("WebApiStack")
    cycle.deploy_assembly(cycle.as_configured)
    [stack] = cycle.stacks
    ids = {each.path: each.physical_id for each in stack.resources()}
    web = Web(account)
    api = Api(web, ids["Http/Api/Resource"])
    pool, people = stack.outputs["UserPoolId"], stack.outputs["ClientId"]
    users = Users(account, web, pool, people)
    passwords = {email: users.invite(email) for email in (ME, OTHER)}
    mine = users.sign_in(ME, passwords[ME])
    refused = {
        "no token": None,
        "no JWT": "something",
        "a forged signature": mine[:-8] + "AAAAAAAA",
        "another pool's": token_of_another_pool(account, web),
        "expired": expired_token(account, users, pool, people, passwords[ME]),
    }
    scoped = {scope: users.sign_in(ME, passwords[ME], scope=f"openid {scope}") for scope in (READ, WRITE)}
    without = users.sign_in(ME, passwords[ME], scope="openid")
    for route, scope in ROUTES.items():
        method, path = route.replace("{id}", NO_ITEM).split()
        for what, token in refused.items():
            assert api.call(method, path, token=token).status == 401, (route, what)
        other_scope = WRITE if scope == READ else READ
        for token in (scoped[other_scope], without):
            assert api.call(method, path, token=token).status == 403, route
        assert api.call(method, path, token=scoped[scope]).status not in (401, 403), route
    for method, path in (("GET", "/"), ("GET", "/items/a/b"), ("PATCH", f"/items/{NO_ITEM}")):
        assert api.call(method, path, token=mine).status == 404, "there is no $default route"

    made = api.call("POST", "/items", token=mine, content={"title": "Mine"})
    path, version = made.headers["location"], made.headers["etag"]
    theirs = users.sign_in(OTHER, passwords[OTHER])
    assert api.call("GET", path, token=theirs).status == 404
    assert api.call("GET", "/items", token=theirs).json["items"] == []
    owner = api.call("GET", "/items?owner=someone", token=theirs)
    assert (owner.status, owner.headers["content-type"]) == (403, "application/problem+json")
    assert api.call("PUT", path, token=theirs, content={"title": "Theirs"}, if_match=version).status == 404
    assert api.call("DELETE", path, token=theirs, if_match=version).status == 404
    assert api.call("GET", path, token=mine).json["content"]["title"] == "Mine"

    # The walk would notice a route without an authorizer.
    client = account.session.client("apigatewayv2")
    [route_id] = [
        each["RouteId"]
        for each in client.get_routes(ApiId=ids["Http/Api/Resource"])["Items"]
        if each["RouteKey"] == "GET /items"
    ]
    client.update_route(ApiId=ids["Http/Api/Resource"], RouteId=route_id, AuthorizationType="NONE")
    assert api.call("GET", "/items").status not in (401, 403)


def token_of_another_pool(account: EmulatedAccount, web: Web) -> str:
    """A token with the right scopes, for a client of a user pool that is not the stack's."""
    cognito = account.session.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    try:
        scopes: Any = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
        cognito.create_resource_server(UserPoolId=pool, Identifier="items", Name="items", Scopes=scopes)
        client = cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName="other",
            AllowedOAuthFlows=["code"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=BOTH.split(),
            CallbackURLs=["http://localhost:3000/callback"],
            ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        users = Users(account, web, pool, client)
        return users.sign_in(ME, users.invite(ME))
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


def expired_token(account: EmulatedAccount, users: Users, pool: str, client: str, password: str) -> str:
    """A token of the stack's own client that was valid for a second."""
    cognito = account.session.client("cognito-idp")
    found = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    names = ("UserPoolId", "ClientId", *AS_IT_WAS)
    kept: dict[str, Any] = {name: found[name] for name in names if found.get(name)}
    seconds = {**kept["TokenValidityUnits"], "AccessToken": "seconds"}
    short = {**kept, "AccessTokenValidity": 1, "TokenValidityUnits": seconds}
    cognito.update_user_pool_client(**short)
    try:
        token = users.sign_in(ME, password)
    finally:
        cognito.update_user_pool_client(**kept)
    time.sleep(2)
    return token
