"""The functions of LambdaEdgeStack, called with CloudFront's events."""

import copy
import json
import re
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patternbook.limits.edge import URI_CHARACTERS, VIEWER, EdgeEvent
from stacks.lambda_edge.behaviors import COOKIE
from stacks.lambda_edge.functions import VARIANT_FOLDER
from stacks.lambda_edge.settings import PATH, PATH_PATTERN
from tests.runtime.edge import DOMAIN, REQUEST_ID, event, load, refused_headers, request, response, unpack

REDIRECTS = [
    {"source": "/old", "target": "/about", "status": 308},
    {"source": "/search", "target": "/find?by=name", "status": 302},
    {"source": "/shop", "target": "https://shop.example.com/all"},
    {"source": "/caf%C3%A9", "target": "/"},
]
SETTINGS: dict[str, Any] = {"redirects": REDIRECTS, "redirect_hosts": ["shop.example.com"], "variant_days": 7}
NAMED = {
    **SETTINGS,
    "domain_names": ["www.example.com", "example.com"],
    "certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/1a2b",
}
INJECTED = ["\r\nSet-Cookie: a=b", "%0d%0aSet-Cookie:%20a=b", "\n", "\x00", "\u2028", "\ud800", '"><script>']


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ModuleType]:
    def function(kind: EdgeEvent, **settings: Any) -> ModuleType:
        return load(unpack(tmp_path_factory.mktemp(kind), kind, **settings), kind)

    return function


@pytest.fixture(scope="module")
def viewer_request(functions: Callable[..., ModuleType]) -> ModuleType:
    return functions("viewer-request", **SETTINGS)


@pytest.fixture(scope="module")
def origin_request(functions: Callable[..., ModuleType]) -> ModuleType:
    return functions("origin-request", **SETTINGS)


@pytest.fixture(scope="module")
def origin_response(functions: Callable[..., ModuleType]) -> ModuleType:
    return functions("origin-response", page_cache_seconds=60)


@pytest.fixture(scope="module")
def viewer_response(functions: Callable[..., ModuleType]) -> ModuleType:
    return functions("viewer-response", **SETTINGS)


def call(
    function: ModuleType, kind: EdgeEvent, asked: dict[str, Any], answered: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Calls a function, and checks that CloudFront would accept the result."""
    before = copy.deepcopy(asked if answered is None else answered)
    returned = function.handler(event(kind, asked, answered), None)
    json.dumps(returned)
    generated = answered is None and "status" in returned
    assert not refused_headers(kind, {} if generated else before["headers"], returned["headers"])
    if generated:
        assert len(json.dumps(returned)) < VIEWER.response_bytes
    return returned


def location(returned: dict[str, Any]) -> str:
    [only] = returned["headers"]["location"]
    return only["value"]


def cookie(returned: dict[str, Any]) -> str:
    [only] = returned["headers"]["cookie"]
    return only["value"]


class TestViewerRequest:
    @pytest.mark.parametrize("uri", ["/", "/about", "/robots.txt", "/a/b-c_d.~e", "/%C3%A9", "/a+b"])
    def test_a_canonical_path_is_not_redirected(self, viewer_request: ModuleType, uri: str) -> None:
        returned = call(viewer_request, "viewer-request", request(uri, "a=b&c"))
        assert (returned["uri"], returned["querystring"]) == (uri, "a=b&c")

    @pytest.mark.parametrize(
        ("uri", "path"),
        [
            ("/about/", "/about"),
            ("/index.html", "/"),
            ("/about/index.html", "/about"),
            ("//about///us", "/about/us"),
            ("/./a/../b", "/b"),
            ("/%7eme/%61", "/~me/a"),
            ("/%c3%a9", "/%C3%A9"),
            ("/é", "/%C3%A9"),
            ("/a b", "/a%20b"),
            ("/100%", "/100%25"),
            ("/variant-b", "/"),
            ("/variant-b/index.html", "/"),
            ("/%76ariant-b/about", "/about"),
            ("/variant-b%2Findex.html", "/"),
            ("/about%2findex.html", "/about"),
            ("/a%2F%2E%2e%2Fb", "/b"),
            ("/assets%2Fstyle.css", "/assets/style.css"),
            ("", "/"),
        ],
    )
    def test_other_spellings_of_a_path_are_redirected(self, viewer_request: ModuleType, uri: str, path: str) -> None:
        returned = call(viewer_request, "viewer-request", request(uri))
        assert (returned["status"], location(returned)) == ("301", f"https://{DOMAIN}{path}")
        assert returned["headers"]["strict-transport-security"][0]["value"] == "max-age=31536000"

    @pytest.mark.parametrize(
        "uri",
        [
            "/../../etc/passwd",
            "/%2e%2e/%2E%2E/etc/passwd",
            "/a/..%2f..%2f..",
            "/..\\..\\etc",
            "/.../.%2e/../etc/passwd",
            "/../" * 1600,
            "/%2e%2e%2f" * 800,
            "/\uff0e\uff0e/etc/passwd",
            "/\t../etc/passwd",
        ],
    )
    def test_no_path_leads_above_the_root(self, viewer_request: ModuleType, uri: str) -> None:
        path = location(call(viewer_request, "viewer-request", request(uri))).removeprefix(f"https://{DOMAIN}")
        assert not {"..", "."} & set(unquote(path).split("/"))
        assert "\\" not in path

    @pytest.mark.parametrize(
        "uri", ["/%252e%252e%252fetc", "/%25252e", "/%c0%ae%c0%ae/", "/a%00", "/a%0d%0a", "/%", "/%2"]
    )
    def test_a_path_is_decoded_once(self, viewer_request: ModuleType, uri: str) -> None:
        """A second decoding would turn an escaped percent sign into part of another escape."""
        path = viewer_request.canonical_path(uri)
        assert unquote(path, errors="surrogateescape") == unquote(uri.rstrip("/"), errors="surrogateescape")
        assert viewer_request.canonical_path(path) == path

    @pytest.mark.parametrize("text", ["/", "/.", "/..", "%2f", "é", "%", "%2e", "/index.html", "/variant-b", "'"])
    @pytest.mark.parametrize("part", ["uri", "query", "cookie"])
    def test_no_text_takes_long(self, viewer_request: ModuleType, part: str, text: str) -> None:
        """A URL may have 8,192 characters, and the request 20,480 bytes. The function has five seconds."""
        given = {"uri": "/", "query": "", "cookie": "a=b", part: text * (8000 // len(text))}
        before = time.process_time()
        call(viewer_request, "viewer-request", request(given["uri"], given["query"], cookie=given["cookie"]))
        assert time.process_time() - before < 0.5

    @pytest.mark.parametrize(
        "uri", ["//evil.com", "/\\evil.com", "///evil.com/%2e%2e", "//evil.com//", "/%5cevil.com/"]
    )
    def test_no_path_redirects_to_another_host(self, viewer_request: ModuleType, uri: str) -> None:
        assert location(call(viewer_request, "viewer-request", request(uri))).startswith(f"https://{DOMAIN}/")

    @pytest.mark.parametrize("host", ["evil.com", "evil.com\r\nX: y", [], ["a.com", "b.com"], f"{DOMAIN}.evil.com"])
    def test_a_location_never_contains_the_host_header(self, viewer_request: ModuleType, host: str | list[str]) -> None:
        returned = call(viewer_request, "viewer-request", request("/about", host=host))
        assert location(returned) == f"https://{DOMAIN}/about"

    @pytest.mark.parametrize("text", INJECTED)
    def test_a_location_never_contains_line_breaks(self, viewer_request: ModuleType, text: str) -> None:
        for asked in (request(f"/a{text}/"), request("/a/", query=f"q={text}"), request("/old", query=text)):
            where = location(call(viewer_request, "viewer-request", asked))
            assert where.isascii()
            assert not set(where) & set("\r\n \"<>\\'" + "\x00")

    @pytest.mark.parametrize("host", [DOMAIN, "example.com", "EXAMPLE.com", "www.example.com.", "WWW.example.com"])
    def test_other_hosts_are_redirected_to_the_canonical_one(
        self, functions: Callable[..., ModuleType], host: str
    ) -> None:
        function = functions("viewer-request", **NAMED)
        returned = call(function, "viewer-request", request("/about", "a=b", host=host))
        if host.lower() == "www.example.com":
            assert returned["uri"] == "/about"
        else:
            assert location(returned) == "https://www.example.com/about?a=b"

    def test_host_and_path_are_corrected_by_one_redirect(self, functions: Callable[..., ModuleType]) -> None:
        function = functions("viewer-request", **NAMED)
        returned = call(function, "viewer-request", request("/about/", host="example.com"))
        assert location(returned) == "https://www.example.com/about"

    @pytest.mark.parametrize(
        ("uri", "query", "status", "where"),
        [
            ("/old", "", "308", f"https://{DOMAIN}/about"),
            ("/old/", "a=b", "308", f"https://{DOMAIN}/about?a=b"),
            ("/search", "q=x", "302", f"https://{DOMAIN}/find?by=name&q=x"),
            ("/shop", "", "301", "https://shop.example.com/all"),
            ("/café", "", "301", f"https://{DOMAIN}/"),
            ("/caf%c3%a9/index.html", "", "301", f"https://{DOMAIN}/"),
        ],
    )
    def test_configured_redirects(
        self, viewer_request: ModuleType, uri: str, query: str, status: str, where: str
    ) -> None:
        returned = call(viewer_request, "viewer-request", request(uri, query))
        assert (returned["status"], location(returned)) == (status, where)
        expected = returned["headers"]["cache-control"][0]["value"]
        assert expected == ("no-store" if status == "302" else "max-age=3600")

    def test_a_location_that_is_too_long_is_not_sent(self, viewer_request: ModuleType) -> None:
        returned = call(viewer_request, "viewer-request", request("/é" * (URI_CHARACTERS // 6)))
        assert returned["status"] == "414"
        assert "location" not in returned["headers"]

    @pytest.mark.parametrize("variant", ["a", "b"])
    def test_a_visitor_keeps_a_variant(self, viewer_request: ModuleType, variant: str) -> None:
        returned = call(viewer_request, "viewer-request", request(cookie=f"theme=dark; variant={variant}; x=y"))
        assert cookie(returned) == f"variant={variant}"
        assert "x-variant-assigned" not in returned["headers"]

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"cookie": "theme=dark"},
            {"cookie": "variant="},
            {"cookie": "variant=c"},
            {"cookie": "variant=a; variant=b"},
            {"cookie": ["variant=a", "variant=b"]},
            {"cookie": "xvariant=b"},
            {"cookie": "variant =b"},
            {"cookie": 'variant="b"'},
            {"cookie": "variant=b\r\nX: y"},
            {"cookie": "; " * 10_000},
            {"cookie": "x=" + "y" * 20_000},
        ],
        ids=str,
    )
    def test_a_visitor_without_a_variant_gets_one(self, viewer_request: ModuleType, sent: dict[str, Any]) -> None:
        returned = call(viewer_request, "viewer-request", request(**sent))
        variant = cookie(returned).removeprefix("variant=")
        assert variant in ("a", "b")
        [assigned] = returned["headers"]["x-variant-assigned"]
        assert assigned["value"] == variant

    def test_a_viewer_cannot_set_the_internal_header(self, viewer_request: ModuleType) -> None:
        returned = call(viewer_request, "viewer-request", request(cookie="variant=a", x_variant_assigned="b"))
        assert "x-variant-assigned" not in returned["headers"]

    def test_repeated_cookies_with_the_same_variant_are_merged(self, viewer_request: ModuleType) -> None:
        assert (
            cookie(call(viewer_request, "viewer-request", request(cookie=["a=b; variant=b", "variant=b"])))
            == "variant=b"
        )

    @pytest.mark.parametrize("percent", [0, 30, 100])
    def test_variants_have_the_configured_shares(self, functions: Callable[..., ModuleType], percent: int) -> None:
        function = functions("viewer-request", variant_b_percent=percent)

        def cookie_of(number: int) -> str:
            asked = event("viewer-request", request())
            asked["Records"][0]["cf"]["config"]["requestId"] = f"{REQUEST_ID}{number}"
            return cookie(function.handler(asked, None))

        found = [cookie_of(number) for number in range(2000)].count("variant=b")
        assert found == pytest.approx(20 * percent, abs=0 if percent in (0, 100) else 80)

    @pytest.mark.parametrize(("percent", "had", "gets"), [(0, "b", "a"), (100, "a", "b")])
    def test_with_0_or_100_percent_all_visitors_get_the_same_variant(
        self, functions: Callable[..., ModuleType], percent: int, had: str, gets: str
    ) -> None:
        function = functions("viewer-request", variant_b_percent=percent)
        returned = call(function, "viewer-request", request(cookie=f"variant={had}"))
        assert cookie(returned) == f"variant={gets}"
        assert "x-variant-assigned" in returned["headers"]


class TestOriginRequest:
    @pytest.mark.parametrize(
        ("uri", "key"),
        [
            ("/", "/index.html"),
            ("/about", "/about/index.html"),
            ("/a/b", "/a/b/index.html"),
            ("/robots.txt", "/robots.txt"),
            ("/v1.2/about", "/v1.2/about/index.html"),
            ("/caf%C3%A9", "/caf%C3%A9/index.html"),
        ],
    )
    @pytest.mark.parametrize("sent", [{}, {"cookie": "variant=a"}, {"cookie": "variant=c"}, {"cookie": ["x=y", ""]}])
    def test_a_path_becomes_an_object_key(
        self, origin_request: ModuleType, uri: str, key: str, sent: dict[str, Any]
    ) -> None:
        assert call(origin_request, "origin-request", request(uri, **sent))["uri"] == key

    @pytest.mark.parametrize(
        ("uri", "key"),
        [("/", "/variant-b/index.html"), ("/about", "/about/index.html"), ("/robots.txt", "/robots.txt")],
    )
    def test_variant_b_has_its_own_pages(self, origin_request: ModuleType, uri: str, key: str) -> None:
        returned = call(origin_request, "origin-request", request(uri, cookie="variant=b"))
        assert returned["uri"] == key
        assert returned["origin"]["s3"]["domainName"] == "bucket.s3.us-east-1.amazonaws.com"


class TestOriginResponse:
    @pytest.mark.parametrize("status", [200, 206, 304])
    @pytest.mark.parametrize(
        ("uri", "expected"),
        [
            ("/about/index.html", "public, max-age=0, s-maxage=60, must-revalidate"),
            ("/assets/style.1.css", "public, max-age=31536000, immutable"),
            ("/assets", "public, max-age=0, s-maxage=60, must-revalidate"),
        ],
    )
    def test_cache_control_depends_on_the_path(
        self, origin_response: ModuleType, status: int, uri: str, expected: str
    ) -> None:
        answered = response(status, cache_control="private", etag='"1"')
        returned = call(origin_response, "origin-response", request(uri), answered)
        assert [item["value"] for item in returned["headers"]["cache-control"]] == [expected]
        assert returned["status"] == str(status)
        assert "body" not in returned

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_missing_page_is_answered_by_a_help_page(self, origin_response: ModuleType, status: int) -> None:
        answered = response(status, transfer_encoding="chunked", content_length="243", etag='"1"')
        returned = call(origin_response, "origin-response", request("/missing/index.html"), answered)
        assert (returned["status"], returned["statusDescription"]) == ("404", "Not Found")
        assert "There is no such page" in returned["body"]
        values = {name: items[0]["value"] for name, items in returned["headers"].items()}
        assert values["content-type"] == "text/html; charset=utf-8"
        assert values["cache-control"] == "no-store"
        assert values["content-security-policy"].startswith("default-src 'self'")
        assert values["transfer-encoding"] == "chunked"  # read-only: CloudFront refuses a response without it
        assert not {"content-length", "etag"} & values.keys()

    @pytest.mark.parametrize("uri", ["/index.html", "/about/index.html", "/variant-b/index.html", "/robots.txt"])
    def test_a_file_of_the_site_that_is_refused_is_an_outage(self, origin_response: ModuleType, uri: str) -> None:
        """The bucket does not admit the distribution. 404 would hide it, from search engines and from the alarm."""
        returned = call(origin_response, "origin-response", request(uri), response(403))
        assert (returned["status"], returned["statusDescription"]) == ("503", "Service Unavailable")
        assert "Try again" in returned["body"]
        assert returned["headers"]["cache-control"][0]["value"] == "no-store"
        assert call(origin_response, "origin-response", request(uri), response(404))["status"] == "404"

    def test_a_page_with_another_policy_has_another_etag(self, functions: Callable[..., ModuleType]) -> None:
        def etag(policy: str) -> list[dict[str, str]]:
            function = functions("origin-response", content_security_policy=policy)
            answered = response(etag='"1"', last_modified="Wed, 21 Oct 2026 07:28:00 GMT")
            found = call(function, "origin-response", request("/about/index.html"), answered)["headers"]
            assert "last-modified" not in found
            return found["etag"]

        assert etag("default-src 'self'") == etag("default-src 'self'") != etag("default-src 'none'")
        assert re.fullmatch(r'"1-[0-9a-f]{8}"', etag("default-src 'self'")[0]["value"])

    def test_assets_keep_their_etag(self, origin_response: ModuleType) -> None:
        """Their responses have no policy of their own."""
        answered = response(etag='"1"', content_type="text/css")
        returned = call(origin_response, "origin-response", request("/assets/style.1.css"), answered)
        assert returned["headers"]["etag"][0]["value"] == '"1"'

    @pytest.mark.parametrize("status", [500, 503])
    def test_an_error_is_not_hidden(self, origin_response: ModuleType, status: int) -> None:
        returned = call(origin_response, "origin-response", request("/about/index.html"), response(status))
        assert returned["status"] == str(status)
        assert "Try again" in returned["body"]

    def test_other_errors_are_passed_on(self, origin_response: ModuleType) -> None:
        answered = response(416)
        assert call(origin_response, "origin-response", request(), copy.deepcopy(answered)) == answered

    def test_head_gets_no_body(self, origin_response: ModuleType) -> None:
        returned = call(origin_response, "origin-response", request("/x", method="HEAD"), response(403))
        assert returned["status"] == "404"
        assert "body" not in returned


class TestViewerResponse:
    def test_a_page_has_security_headers(self, viewer_response: ModuleType) -> None:
        returned = call(viewer_response, "viewer-response", request(cookie="variant=a"), response())
        assert {"content-security-policy", "permissions-policy", "cross-origin-opener-policy"} <= returned[
            "headers"
        ].keys()
        assert "set-cookie" not in returned["headers"]

    @pytest.mark.parametrize("kind", ["image/svg+xml", "text/plain", []])
    def test_other_files_have_no_security_headers(self, viewer_response: ModuleType, kind: str | list[str]) -> None:
        answered = response(content_type=kind)
        asked = request("/robots.txt", cookie="variant=a")
        assert call(viewer_response, "viewer-response", asked, copy.deepcopy(answered)) == answered

    @pytest.mark.parametrize("uri", ["/", "/about"])
    def test_a_304_response_of_a_page_has_its_headers_and_the_cookie(
        self, viewer_response: ModuleType, uri: str
    ) -> None:
        """A browser keeps the headers of the page that it has, except those that are in the 304."""
        asked = request(uri, cookie="variant=b", x_variant_assigned="b")
        returned = call(viewer_response, "viewer-response", asked, response(304, content_type=[]))["headers"]
        assert returned["set-cookie"][0]["value"].startswith("variant=b; ")
        assert {"content-security-policy", "permissions-policy", "cross-origin-opener-policy"} <= returned.keys()

    def test_a_304_response_of_another_file_has_no_policy(self, viewer_response: ModuleType) -> None:
        answered = response(304, content_type=[])
        asked = request("/robots.txt", cookie="variant=b")
        assert call(viewer_response, "viewer-response", asked, copy.deepcopy(answered)) == answered

    @pytest.mark.parametrize(
        ("uri", "sent", "expected"),
        [
            ("/", {}, "private"),
            ("/about", {}, "public"),
            ("/about", {"x_variant_assigned": "b"}, "private"),
            ("/robots.txt", {"x_variant_assigned": "b"}, "private"),
        ],
    )
    @pytest.mark.parametrize("status", [200, 304])
    def test_what_depends_on_the_viewer_is_private(
        self, viewer_response: ModuleType, uri: str, sent: dict[str, str], expected: str, status: int
    ) -> None:
        """Also what carries a cookie. Shared caches keep nothing without asking, as no deployment invalidates them."""
        answered = response(status, cache_control="public, max-age=0, s-maxage=60, must-revalidate")
        returned = call(viewer_response, "viewer-response", request(uri, cookie="variant=b", **sent), answered)
        assert [item["value"] for item in returned["headers"]["cache-control"]] == [
            f"{expected}, max-age=0, must-revalidate"
        ]

    @pytest.mark.parametrize(
        ("uri", "sent", "first"),
        [("/", {"x_variant_assigned": "b"}, True), ("/about", {"x_variant_assigned": "b"}, True), ("/", {}, False)],
    )
    def test_the_log_has_the_variant_also_of_a_first_visit(
        self,
        viewer_response: ModuleType,
        capsys: pytest.CaptureFixture[str],
        uri: str,
        sent: dict[str, str],
        first: bool,
    ) -> None:
        """The request id is that of the access logs, which have the cookie of later visits only."""
        call(viewer_response, "viewer-response", request(uri, cookie="variant=b", **sent), response())
        assert json.loads(capsys.readouterr().out) == {
            "variant": "b",
            "page": uri,
            "first": first,
            "request": REQUEST_ID,
        }

    def test_other_pages_log_nothing(self, viewer_response: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
        call(viewer_response, "viewer-response", request("/about", cookie="variant=b"), response())
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("variant", ["a", "b"])
    def test_an_assigned_variant_sets_the_cookie(self, viewer_response: ModuleType, variant: str) -> None:
        asked = request(cookie=f"variant={variant}", x_variant_assigned=variant)
        returned = call(viewer_response, "viewer-response", asked, response(set_cookie=["x=y", "z=1"]))
        assert [item["value"] for item in returned["headers"]["set-cookie"]] == [
            "x=y",
            "z=1",
            f"variant={variant}; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax",
        ]

    @pytest.mark.parametrize("sent", [{}, {"cookie": "variant=c"}, {"cookie": "variant=a\r\nX: y"}])
    def test_no_cookie_without_a_variant(self, viewer_response: ModuleType, sent: dict[str, Any]) -> None:
        returned = call(viewer_response, "viewer-response", request(x_variant_assigned="a", **sent), response())
        assert "set-cookie" not in returned["headers"]


TEXTS = st.text(max_size=40) | st.text(alphabet="/.%2eE5cCindexhtml-bvariant\\;=aé\r\n", max_size=40)


class TestProperties:
    @given(TEXTS)
    def test_canonical_paths_stay_the_same(self, viewer_request: ModuleType, text: str) -> None:
        path = viewer_request.canonical_path(text)
        assert viewer_request.canonical_path(path) == path
        assert path.startswith("/")
        assert not path.startswith("//")
        assert PATH.accepts(path)

    @given(st.from_regex(re.compile(PATH_PATTERN, re.ASCII), fullmatch=True))
    def test_settings_and_functions_agree_on_canonical_paths(self, viewer_request: ModuleType, path: str) -> None:
        assert viewer_request.canonical_path(path) == path

    @given(uri=TEXTS, query=TEXTS, sent=TEXTS)
    def test_any_request_is_answered_after_at_most_one_redirect(
        self, viewer_request: ModuleType, uri: str, query: str, sent: str
    ) -> None:
        returned = call(viewer_request, "viewer-request", request(uri, query, cookie=sent))
        if "status" in returned:
            where = location(returned)
            assert where.startswith((f"https://{DOMAIN}/", "https://shop.example.com/"))
            if where.startswith("https://shop."):
                return
            path, _, left = where.removeprefix(f"https://{DOMAIN}").partition("?")
            returned = call(viewer_request, "viewer-request", request(path, left))
        assert "status" not in returned

    @given(sent=TEXTS | st.sampled_from(["variant=a", "variant=b", "x=y;variant=b"]), number=st.integers())
    @hypothesis_settings(max_examples=200)
    def test_a_visitor_sees_the_variant_of_the_cookie(
        self,
        viewer_request: ModuleType,
        origin_request: ModuleType,
        viewer_response: ModuleType,
        sent: str,
        number: int,
    ) -> None:
        """The test calls the functions in CloudFront's order, and once more with the returned cookie."""

        def visit(cookies: str) -> tuple[str, str | None]:
            asked = event("viewer-request", request(cookie=cookies))
            asked["Records"][0]["cf"]["config"]["requestId"] = str(number)
            passed = viewer_request.handler(asked, None)
            key = passed["headers"]["cookie"][0]["value"]
            forwarded = request(passed["uri"], cookie=key)
            served = call(origin_request, "origin-request", forwarded)["uri"]
            answered = call(viewer_response, "viewer-response", passed, response())
            given_now = [item["value"].partition(";")[0] for item in answered["headers"].get("set-cookie", [])]
            assert given_now in ([], [key])
            return served, given_now[0] if given_now else None

        served, cookie_given = visit(sent)
        assert served in ("/index.html", "/variant-b/index.html")
        if cookie_given:
            assert visit(cookie_given) == (served, None)
            assert cookie_given == ("variant=b" if "variant-b" in served else "variant=a")


def test_names_are_the_same_in_functions_and_settings(viewer_request: ModuleType) -> None:
    assert (viewer_request.VARIANT_FOLDER, viewer_request.COOKIE) == (VARIANT_FOLDER, COOKIE)
