"""Addresses: slashes at the end, the host that was asked, and IL6_PUBLIC_URL with a path of its own."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.catalog import RESOURCES
from app.settings import Settings
from tests.conftest import serving
from tests.test_docs import resolved
from tests.test_resources import get

PUBLIC = "https://atlas.example/il6"


@pytest.fixture(scope="module")
def public(database_url: str) -> Iterator[httpx.Client]:
    """A client of a server that has an address with a path."""
    with serving(database_url, public_url=f"{PUBLIC}/") as client:
        yield client


PATHS = [
    *(path for each in RESOURCES for path in (f"/{each.path}?limit=2", f"/{each.path}/{each.example}")),
    *(
        "/explore",
        "/explore/cancers",
        "/explore/cancers/breast-cancer",
        "/explore/pathway",
        "/docs",
        "/redoc",
    ),
    *("/openapi.json", "/graph?cancer=uveal-melanoma", "/search?q=il6&limit=1", "/release", "/livez"),
    *(
        "/evidence/summary?by=cancer,type",
        "/problems/record-not-found",
        "/resolve?q=il6",
        "/static/atlas.css",
    ),
]


@pytest.mark.parametrize("path", PATHS)
def test_a_slash_at_the_end_means_nothing(client: httpx.Client, path: str) -> None:
    plain, mark, query = path.partition("?")
    expected = client.get(path).raise_for_status()
    for slashes in ("/", "//"):
        answer = client.get(f"{plain}{slashes}{mark}{query}")
        assert (answer.status_code, answer.content) == (200, expected.content)
        assert answer.headers.get("ETag") == expected.headers.get("ETag")


def test_a_slash_at_the_end_means_nothing_to_what_fails_either(client: httpx.Client) -> None:
    for path in ("/nowhere", "/inhibitors/nobody", "/static", "/explore/nothing"):
        assert client.get(f"{path}/").content == client.get(path).content
        assert client.get(f"{path}/").status_code == 404
    assert (
        client.post("/resolve/", json={"terms": ["il6"]}).json()
        == client.post("/resolve", json={"terms": ["il6"]}).json()
    )


def texts(value: Any) -> Iterator[str]:
    """All texts of an answer."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("path", PATHS)
def test_every_address_in_an_answer_is_written_out(public: httpx.Client, path: str) -> None:
    answer = public.get(path).raise_for_status()
    for name in ("Location", "Content-Location", "Link"):
        assert not re.match("<?/", answer.headers.get(name, "")), name
    if answer.headers["Content-Type"].endswith("json"):
        found = [each for each in texts(answer.json()) if re.match("/[a-z]", each)]
        assert [each for each in found if path != "/openapi.json"] == []
    elif answer.headers["Content-Type"].startswith("text/html"):
        assert not re.search(r"""(href|src|action|content)=["']/""", answer.text)
        assert not re.search("""(url|spec-url)[:=] ?["']/""", answer.text)


def test_written_out_addresses_lead_where_the_others_do(client: httpx.Client, public: httpx.Client) -> None:
    for resource in RESOURCES:
        own = get(client, f"/{resource.path}/{resource.example}")["links"]
        full = get(public, f"/{resource.path}/{resource.example}")["links"]
        assert full == {name: f"{PUBLIC}{address}" for name, address in own.items()}
        # Behind a proxy that takes the path away, and behind one that does not.
        for address in (urlsplit(full["self"]).path, own["self"], f"{urlsplit(full['self']).path}/"):
            assert public.get(address).json()["id"] == resource.example
    page = get(public, "/il6/trials?limit=1")
    assert page["next"].startswith(f"{PUBLIC}/trials?limit=1&cursor=")
    assert public.get("/il6").text == public.get("/").text
    assert public.get("/il6nothing").status_code == 404
    location = public.get("/il6/explore/search?q=", follow_redirects=False).headers["Location"]
    assert location == f"{PUBLIC}/explore/search"


def test_what_was_asked_is_repeated_as_it_was(public: httpx.Client) -> None:
    assert get(public, "/resolve?q=/x")["term"] == "/x"
    assert get(public, "/inhibitors?ids=/nobody")["missing"] == ["/nobody"]


def test_problems_name_their_page_in_full(public: httpx.Client) -> None:
    for path, status in (
        ("/inhibitors/nobody", 404),
        ("/trials?limit=x", 422),
        (f"/search?q={'a' * 65_000}", 414),
    ):
        body = public.get(path).json()
        assert body["status"] == status
        assert body["type"].startswith(f"{PUBLIC}/problems/")
        assert body["instance"].startswith(f"{PUBLIC}/")


def ids_of(value: Any) -> Iterator[str]:
    """All ids of JSON-LD."""
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "@id")
        for each in value.values():
            yield from ids_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from ids_of(each)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_ids_of_json_ld_and_canonical_addresses_are_written_out(
    client: httpx.Client, public: httpx.Client, resource: Any
) -> None:
    path = f"/explore/{resource.path}/{resource.example}"
    for asked, host, base in (
        (public, "anything.example", PUBLIC),
        (client, "one.example", "http://one.example"),
        (client, "two.example:8080", "http://two.example:8080"),
    ):
        text = asked.get(f"{path}?utm_source=letter&fbclid=x", headers={"Host": host}).raise_for_status().text
        found = [
            *ids_of(json.loads(re.findall('<script type="application/ld.json">(.*?)</script>', text)[0]))
        ]
        assert f"{base}{path}" in found
        assert all(each.startswith("http") for each in found)
        assert re.findall('<link rel="canonical" href="(.*?)">', text) == [f"{base}{path}"]


def test_the_service_says_where_it_is(public: httpx.Client) -> None:
    assert get(public, "/service-info")["documentationUrl"] == f"{PUBLIC}/docs"
    assert get(public, "/openapi.json")["servers"][0]["url"] == PUBLIC


@pytest.mark.parametrize("host", ["a/b", "a b", 'a"b', "a<b>", "a@b", "a?b", "höst"])
def test_a_host_that_is_none_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/explore", headers={"Host": host.encode()})  # type: ignore[dict-item]
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "address",
    ["atlas.example", "ftp://atlas.example", "https://", 'https://a"b', "https://a/?q=1", "https://a/#x"],
)
def test_a_public_url_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        Settings(public_url=address)


TRACKED = ("utm_source", "utm_campaign", "fbclid", "gclid", "msclkid", "mc_cid", "mc_eid", "_ga", "_")


@pytest.mark.parametrize("name", TRACKED)
def test_pages_pay_no_heed_to_what_others_put_behind_an_address(client: httpx.Client, name: str) -> None:
    for path in ("/", "/explore", "/explore/cancers?site=lung", "/explore/inhibitors/tocilizumab"):
        plain = client.get(path, follow_redirects=False)
        tracked = client.get(f"{path}{'&' if '?' in path else '?'}{name}=x1", follow_redirects=False)
        assert (tracked.status_code, tracked.text) == (200, plain.text)
    assert client.get(f"/inhibitors?{name}=x1").status_code == 422


HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "status", "shown"),
    [
        ("/inhibitors/tocilizumb", 404, 'href="/explore/inhibitors/tocilizumab"'),
        ("/nowhere", 404, "nothing at /nowhere"),
        ("/cancers?prognosis=pooor", 422, "poor"),
        ("/graph/paths?from=nobody&to=ovarian-cancer", 422, "nobody"),
    ],
)
def test_a_browser_meets_problems_as_pages(client: httpx.Client, path: str, status: int, shown: str) -> None:
    page = client.get(path, headers=HTML)
    assert page.status_code == status
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Accept" in page.headers["Vary"]
    assert shown in page.text
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.9"):
        data = client.get(path, headers={"Accept": accept})
        assert data.headers["Content-Type"] == "application/problem+json"
    assert client.get("/inhibitors/tocilizumab", headers=HTML).headers["Content-Type"] == "application/json"


WISHES = (
    "if-none-match, if-range, range, cache-control, accept, content-type, x-requested-with, traceparent, "
    "tracestate, accept-language, pragma, x-request-id, baggage"
)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_browser_may_send_the_headers_that_its_libraries_send(client: httpx.Client, method: str) -> None:
    for path in ("/inhibitors", "/resolve", "/nowhere"):
        asked = {
            "Origin": "https://a.example",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": WISHES,
        }
        answer = client.options(path, headers=asked)
        assert answer.status_code == 200
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        assert set(WISHES.split(", ")) <= set(re.split(", *", allowed))
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("given", [None, "application/x-www-form-urlencoded", "text/plain"])
def test_a_body_without_its_type_is_told_what_to_add(client: httpx.Client, given: str | None) -> None:
    headers = {"Content-Type": given} if given else {}
    answer = client.post("/resolve", content=b'{"terms": ["il6"]}', headers=headers)
    assert answer.status_code == 415
    assert "`Content-Type: application/json`" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["page", "offset", "pag", "x", "foo", "targett", "limt", "prognossis"])
def test_only_parameters_that_are_near_are_offered(client: httpx.Client, name: str) -> None:
    """Of that very operation."""
    near = {"targett": "target", "limt": "limit", "prognossis": "prognosis"}.get(name)
    for path in ("/inhibitors", "/cancers"):
        document = get(client, "/openapi.json")
        given = document["paths"][path]["get"]["parameters"]
        taken = [resolved(document, each)["name"] for each in given]
        detail = client.get(f"{path}?{name}=1").json()["detail"]
        assert ("did you mean" in detail) == (near in taken), detail
        if near in taken:
            assert f"did you mean {near}?" in detail
