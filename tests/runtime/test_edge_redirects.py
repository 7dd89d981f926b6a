"""The function of patternbook.edge.redirects, called with CloudFront's events and with tables that people edited."""

import re
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patternbook.edge.redirects import CODE
from patternbook.limits.edge import KEY_BYTES, URI_CHARACTERS
from patternbook.limits.redirects import CANONICAL_PATH_PATTERN, check_table
from tests.runtime.cloudfront_function import HOST, Redirects, request, syntax

TABLE = {
    "/old": "/new",
    "/gone/away": "308 /about",
    "/search": "302 /find?by=name",
    "/shop": "307 https://shop.example.com/all",
    "/caf%C3%A9": "/",
}
# What runtime 2.0 has of ECMAScript, in the words of the parser. Everything of version 5.1, and of later versions:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
SYNTAX = {
    *("Program", "ImportDeclaration", "ImportDefaultSpecifier"),
    *("VariableDeclaration", "VariableDeclarator", "FunctionDeclaration", "BlockStatement", "ExpressionStatement"),
    *("IfStatement", "ForStatement", "WhileStatement", "ReturnStatement", "TryStatement", "CatchClause"),
    *("AwaitExpression", "CallExpression", "MemberExpression", "Identifier", "Literal", "ObjectExpression", "Property"),
    *("ArrayExpression", "AssignmentExpression", "BinaryExpression", "ConditionalExpression", "LogicalExpression"),
    *("UnaryExpression", "UpdateExpression", "VariablePattern", "flags:", "flags:g"),
}
METHODS = {
    *("kvs", "get", "rawQueryString", "fromCharCode"),
    *("exec", "test", "indexOf", "slice", "split", "replace", "toLowerCase", "toUpperCase", "push", "pop", "join"),
}
FIELDS = {"request", "uri", "headers", "host", "value", "length"}
EVIL = [
    "//evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "///evil.com/%2e%2e",
    "/%5cevil.com/",
    "/%2f%2fevil.com",
    "/.//evil",
]
INJECTED = ["\r\nSet-Cookie: a=b", "%0d%0aSet-Cookie:%20a=b", "\n", "\x00", "\u2028", '"><script>', "#", "\\"]


@pytest.fixture(scope="module")
def redirects() -> Generator[Redirects, None, None]:
    with Redirects(CODE.read_text(encoding="utf-8")) as function:
        yield function


def location(returned: dict[str, Any] | None) -> str:
    assert returned is not None
    return returned["headers"]["location"]["value"]


def test_the_runtime_has_what_the_function_uses() -> None:
    found = syntax(CODE.read_text(encoding="utf-8"))
    assert set(found["nodes"]) - SYNTAX == set()
    assert set(found["members"]) - METHODS - FIELDS == set()


@pytest.mark.parametrize("code", ["for (const a of []) {}", "f(...a)", "const {a} = b", "a?.b", "class A {}", "/a/y"])
def test_other_syntax_would_be_found(code: str) -> None:
    assert set(syntax(code)["nodes"]) - SYNTAX


class TestTable:
    @pytest.mark.parametrize(
        ("uri", "query", "status", "where"),
        [
            ("/old", None, 301, "/new"),
            ("/old", "", 301, "/new"),
            ("/old/", "a=b&a=c&d", 301, "/new?a=b&a=c&d"),
            ("/old/index.html", None, 301, "/new"),
            ("//old", None, 301, "/new"),
            ("/%6Fld", None, 301, "/new"),
            ("/x/../old", None, 301, "/new"),
            ("/gone%2Faway", None, 308, "/about"),
            ("/search", "q=x", 302, "/find?by=name&q=x"),
            ("/shop", "q=%C3%A9+%2B", 307, "https://shop.example.com/all?q=%C3%A9+%2B"),
            ("/caf%c3%a9", None, 301, "/"),
            ("/café", None, 301, "/"),
        ],
    )
    def test_redirects(self, redirects: Redirects, uri: str, query: str | None, status: int, where: str) -> None:
        returned = redirects(TABLE, request(uri, query))
        assert location(returned) == where
        assert returned is not None
        assert returned["statusCode"] == status
        kept = "max-age=3600" if status in (301, 308) else "no-store"
        assert returned["headers"]["cache-control"]["value"] == kept

    @pytest.mark.parametrize("uri", ["/", "", "/OLD", "/old2", "/old/x", "/gone", "/old%00", "/100%", "/" + "a" * 8000])
    def test_other_paths_pass(self, redirects: Redirects, uri: str) -> None:
        assert redirects(TABLE, request(uri, "a=b")) is None

    @pytest.mark.parametrize("key", ["__proto__", "/constructor", "/toString", "/hasOwnProperty"])
    def test_names_of_objects_are_no_redirects(self, redirects: Redirects, key: str) -> None:
        assert redirects(TABLE, request(key)) is None

    def test_the_method_does_not_matter(self, redirects: Redirects) -> None:
        assert location(redirects(TABLE, request("/old", method="POST"))) == "/new"

    def test_pages_go_on_while_the_store_is_not_ready(self, redirects: Redirects) -> None:
        assert redirects(TABLE, request("/old"), fails=True) is None

    def test_a_key_may_be_as_long_as_a_store_takes(self, redirects: Redirects) -> None:
        longest = "/" + "a" * (KEY_BYTES - 1)
        assert location(redirects({longest: "/new"}, request(longest))) == "/new"
        assert location(redirects({longest: "/new"}, request("/" + "%61" * (KEY_BYTES - 1)))) == "/new"
        assert redirects({longest + "a": "/new"}, request(longest + "a")) is None


class TestHostileRequests:
    @pytest.mark.parametrize("uri", EVIL)
    def test_no_path_leads_to_another_host(self, redirects: Redirects, uri: str) -> None:
        every = {"/evil.com": "/caught", "/evil": "/caught", "/%5Cevil.com": "/caught", "/": "/caught"}
        returned = redirects(every, request(uri))
        assert returned is None or location(returned) == "/caught"

    @pytest.mark.parametrize("text", INJECTED)
    def test_a_location_has_only_characters_of_urls(self, redirects: Redirects, text: str) -> None:
        where = location(redirects(TABLE, request("/old", f"q={text}")))
        assert re.fullmatch(r"/new\?[\w.~!$&'()*+,;=:@/?%-]+", where, re.ASCII), where
        assert redirects(TABLE, request(f"/old{text}")) is None

    def test_half_of_a_character_passes(self, redirects: Redirects) -> None:
        assert redirects(TABLE, request("/old\ud800")) is None
        assert redirects(TABLE, request("/old", "\udfff")) is None

    def test_a_location_that_is_too_long_is_not_sent(self, redirects: Redirects) -> None:
        query = "a" * (URI_CHARACTERS - len("/new?") - 1)
        assert len(location(redirects(TABLE, request("/old", query)))) == URI_CHARACTERS - 1
        returned = redirects(TABLE, request("/old", query + "a"))
        assert returned is not None
        assert returned["statusCode"] == 414
        assert "location" not in returned["headers"]

    @pytest.mark.parametrize("host", ["evil.com", "evil.com/", "", None])
    def test_a_location_never_contains_the_host_header(self, redirects: Redirects, host: str | None) -> None:
        assert location(redirects(TABLE, request("/old", host=host))) == "/new"


class TestEditedTables:
    """People put keys into the store, and nothing checks them."""

    @pytest.mark.parametrize(
        "value",
        [
            *("//evil.com", "/\\evil.com", "\\\\evil.com", "///evil.com", "https:/evil.com"),
            *(f"https://example.com{text}" for text in ("", "@evil.com/", ":8080/", "\\", "/\r\nX: y", "//evil.com")),
            *(
                "",
                "/new\r\nX: y",
                "/new\n",
                "/a b",
                "http://example.com/",
                "javascript:alert(1)",
                "303 /new",
                "301  /new",
            ),
            *("301", "200 /new", "new", "/é", '{"target": "/new"}'),
        ],
    )
    def test_a_value_of_another_form_is_no_redirect(self, redirects: Redirects, value: str) -> None:
        assert redirects({"/old": value}, request("/old")) is None

    @pytest.mark.parametrize(
        "value", ["/old", "/old/", "//old", "/old?a=b", "/x/../old", "/%6fld", f"https://{HOST}/old"]
    )
    def test_a_page_that_leads_to_itself_is_shown(self, redirects: Redirects, value: str) -> None:
        assert redirects({"/old": value}, request("/old", host=HOST.upper())) is None


PATHS = st.from_regex(re.compile(CANONICAL_PATH_PATTERN, re.ASCII), fullmatch=True).filter(lambda path: len(path) < 200)
TEXTS = st.text(max_size=40) | st.text(alphabet="/.%2eE5cCindexhtml\\;=aé\r\n#?", max_size=40)


# Each call goes to another process, which takes its time on a busy machine.
UNHURRIED = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestProperties:
    @given(path=PATHS)
    @UNHURRIED
    def test_a_path_that_a_table_takes_is_found(self, redirects: Redirects, path: str) -> None:
        """The table and the function agree on the canonical form."""
        check_table({path: "https://example.com/target"})
        assert location(redirects({path: "https://example.com/target"}, request(path))) == "https://example.com/target"

    @given(uri=TEXTS, query=st.none() | TEXTS, value=TEXTS)
    @hypothesis_settings(UNHURRIED, max_examples=500)
    def test_any_request_and_any_value(self, redirects: Redirects, uri: str, query: str | None, value: str) -> None:
        """Nothing throws, and a location is on the same host or on a host of the table."""
        for table in ({uri: value}, {"/old": value}):
            for asked in (uri, "/old"):
                returned = redirects(table, request(asked, query))
                if returned is not None and returned["statusCode"] != 414:
                    assert re.fullmatch(r"/(?![/\\])[\w.~!$&'()*+,;=:@/?%-]*", location(returned), re.ASCII)

    @given(uri=TEXTS, query=st.none() | TEXTS)
    @UNHURRIED
    def test_a_redirect_leads_to_a_page_at_once(self, redirects: Redirects, uri: str, query: str | None) -> None:
        returned = redirects(TABLE, request(uri, query))
        if returned is not None and location(returned).startswith("/"):
            path, _, left = location(returned).partition("?")
            assert redirects(TABLE, request(path, left)) is None
