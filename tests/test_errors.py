"""Every error is a problem of one shape, names what was wrong, and tells nothing of the inside."""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.seeding.build import seed
from app.settings import SEED
from app.store.engine import make_engine, parse_url
from tests.conftest import NewDatabase, migrated, serving


def explode(*_: object) -> str:
    raise RuntimeError("secret of the house")


def problem(response: httpx.Response, status: int) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == status
    assert body["instance"] == response.request.url.path
    return body


def test_an_unknown_path_says_what_was_probably_meant(client: httpx.Client) -> None:
    body = problem(client.get("/inhibitor"), 404)
    assert body["detail"] == "There is nothing at /inhibitor; did you mean /inhibitors?"
    assert "see /docs" in str(problem(client.get("/wp-admin/setup-config.php"), 404)["detail"])


def test_an_unknown_record_says_which_were_probably_meant(client: httpx.Client) -> None:
    body = problem(client.get("/inhibitors/tocilizumb"), 404)
    suggestions = body["suggestions"]
    assert isinstance(suggestions, list)
    assert suggestions[0] == {"kind": "inhibitor", "id": "tocilizumab", "name": "Tocilizumab"}
    assert len(suggestions) <= 3
    assert problem(client.get("/inhibitors/xyzzy"), 404)["suggestions"] == []


def test_methods_that_change_things_are_not_allowed(client: httpx.Client) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = client.request(method, "/inhibitors")
        assert "GET" in response.headers["Allow"]
        problem(response, 405)


def test_an_answer_of_405_names_all_methods_of_the_path(client: httpx.Client) -> None:
    allowed = {
        "/resolve": "GET, POST, HEAD",
        "/inhibitors/x": "GET, HEAD",
        "/docs/swagger-ui.css": "GET, HEAD",
    }
    for path, methods in allowed.items():
        response = client.delete(path)
        problem(response, 405)
        assert response.headers["Allow"] == methods


@pytest.mark.parametrize("body", [b"", b"il6", b'{"terms": ["il6"', b'{"terms": ["\xff"]}', b"[" * 100_000])
def test_a_body_that_is_no_json_is_a_bad_request(client: httpx.Client, body: bytes) -> None:
    response = client.post("/resolve", content=body, headers={"Content-Type": "application/json"})
    assert problem(response, 400)["type"] == "/problems/bad-request"
    assert client.get("/problems/bad-request").status_code == 200


@pytest.mark.parametrize("body", [b'"il6"', b"[]", b"{}", b'{"terms": "il6"}', b'{"terms": [], "term": 1}'])
def test_json_that_asks_nothing_is_refused(client: httpx.Client, body: bytes) -> None:
    response = client.post("/resolve", content=body, headers={"Content-Type": "application/json"})
    assert problem(response, 422)["errors"]


def test_a_body_says_that_it_is_json(client: httpx.Client) -> None:
    body = b'{"terms": ["il6"]}'
    for media_type in ("", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"):
        response = client.post("/resolve", content=body, headers={"Content-Type": media_type})
        assert problem(response, 415)["type"] == "/problems/unsupported-media-type"
        assert "application/json" in response.json()["detail"]
    assert problem(client.post("/resolve"), 415)
    assert client.get("/problems/unsupported-media-type").status_code == 200
    for media_type in ("application/json", "Application/JSON; charset=utf-8", "application/ld+json"):
        response = client.post("/resolve", content=body, headers={"Content-Type": media_type})
        assert response.json()["items"][0]["match"]["id"] == "il6"


def test_too_many_names_are_refused_though_they_are_all_the_same(client: httpx.Client) -> None:
    body = problem(client.get("/inhibitors", params={"name": ["tocilizumab"] * 501}), 422)
    assert "At most 500 values" in str(body["detail"])
    assert client.get("/inhibitors", params={"name": ["tocilizumab"] * 500}).json()["total"] == 1


@pytest.mark.parametrize(
    ("address", "named", "meant"),
    [
        ("/cancers?prognossis=poor", "prognossis", "did you mean prognosis?"),
        ("/cancers?prognosis=pooor", "prognosis", "did you mean 'poor'?"),
        ("/inhibitors?zzzz=3", "zzzz", "this operation takes limit, cursor"),
        ("/inhibitors/tocilizumab?colour=red", "colour", "this operation takes fields, view"),
        ("/livez?verbose=1", "verbose", "takes no parameters"),
        ("/inhibitors?limit=501", "limit", "less than or equal to 500"),
        ("/inhibitors?limit=-1", "limit", "greater than or equal to 0"),
        ("/inhibitors?limit=ten", "limit", "valid integer"),
        ("/inhibitors?limit=", "limit", "leave it out"),
        ("/inhibitors?limit=1&limit=2", "limit", "Give it once"),
        ("/inhibitors?cursor=zzz", "cursor", "no cursor"),
        ("/inhibitors?cursor=W10", "cursor", "no cursor"),
        ("/inhibitors?cursor=", "cursor", "leave it out"),
        ("/inhibitors?cursor=%00%FF", "cursor", "no cursor"),
        ("/inhibitors?cursor=WyJcdTAwMDAiXQ", "cursor", "no cursor"),  # ["\u0000"]
        ("/inhibitors?cursor=" + "a" * 2001, "cursor", "at most 2000 characters"),
        ("/inhibitors/" + "a" * 501, "id", "at most 500 characters"),
    ],
)
def test_a_bad_parameter_is_named_with_what_was_meant(
    client: httpx.Client, address: str, named: str, meant: str
) -> None:
    body = problem(client.get(address), 422)
    assert str(body["detail"]).startswith(f"{named}: ")
    assert meant in str(body["detail"])
    errors = body["errors"]
    assert isinstance(errors, list)
    assert errors[0]["loc"][1] == named


def test_several_bad_parameters_are_all_named(client: httpx.Client) -> None:
    body = problem(client.get("/cancers?limit=x&prognosis=bad,worse"), 422)
    errors = body["errors"]
    assert isinstance(errors, list)
    assert len(errors) == 3


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "%00", "%F0%9F%92%8A", "..%2F..%2Fetc%2Fpasswd", "IL-6%20%22x", "%ff%fe", "a%0Ab"]
)
def test_no_id_that_somebody_types_is_a_fault_of_ours(client: httpx.Client, text: str) -> None:
    """Of any operation that takes a name: what is wrong with it is said in the words of its document."""
    given = {"version": "2026.12", "collection": "inhibitors"}
    documented = client.get("/openapi.json").json()["paths"]
    paths = [path for path in documented if "{id}" in path or "{name}" in path]
    assert len(paths) > 12
    for path in paths:
        asked = re.sub(r"{(\w+)}", lambda part: given.get(part[1], text), path)
        answer = client.get(asked)
        assert answer.status_code == 404, asked
        assert answer.json()["type"] == "/problems/record-not-found", asked


@pytest.fixture
def unkept(database_url: str) -> Iterator[httpx.Client]:
    """A client of a server that keeps no answer, so that what is broken is asked."""
    with serving(database_url, cache_bytes=0) as client:
        yield client


def test_types_of_problems_are_documented(unkept: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.meta.check_counts", explode)
    for address in ("/inhibitors/x", "/inhibitors?limit=x", "/readyz"):
        kind = unkept.get(address).json()["type"]
        page = unkept.get(kind).raise_for_status().json()
        assert page["type"] == kind
        assert page["description"]


@pytest.fixture
def spoilt(new_release: NewDatabase) -> Iterator[tuple[str, httpx.Client]]:
    """A database of its own, to be spoilt while it is served."""
    url = new_release()
    with serving(url) as client:
        yield url, client


def execute(url: str, statement: str) -> None:
    engine = make_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_fault_of_ours_tells_nothing_of_the_inside(
    unkept: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.api.resources.get_record", explode)
    response = unkept.get("/inhibitors/Actemra")
    body = problem(response, 500)
    assert "secret" not in response.text
    assert f"by the X-Request-ID {response.headers['X-Request-ID']}." in str(body["detail"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "secret of the house" in caplog.text


def test_a_database_without_a_release_is_503_and_recovers(new_database: NewDatabase) -> None:
    url = migrated(new_database())
    with serving(url) as client:
        for path in ("/inhibitors", "/inhibitors/tocilizumab", "/readyz", "/release"):
            response = client.get(path)
            body = problem(response, 503)
            assert "il6 seed" in str(body["detail"]) or "no release" in str(body["detail"])
            assert response.headers["Retry-After"] == "5"
        assert client.get("/livez").status_code == 200
        assert client.get("/openapi.json").status_code == 200
        seed(SEED, parse_url(url))
        assert client.get("/readyz").status_code == 200
        assert client.get("/inhibitors/tocilizumab").status_code == 200


def test_another_schema_is_503_and_named(spoilt: tuple[str, httpx.Client]) -> None:
    url, client = spoilt
    execute(url, "UPDATE alembic_version SET version_num = '1999_01'")
    body = problem(client.get("/inhibitors"), 503)
    assert "1999_01" in str(body["detail"])


def test_a_lost_row_is_seen_by_readyz(spoilt: tuple[str, httpx.Client]) -> None:
    url, client = spoilt
    execute(url, "DELETE FROM evidence WHERE id = 'ovarian-serum-il6-os-tempfer-1997'")
    body = problem(client.get("/readyz"), 503)
    assert body["detail"] == "evidence has 657 rows, the release says 658."


def test_a_lost_table_is_503_without_the_words_of_the_driver(
    spoilt: tuple[str, httpx.Client], caplog: pytest.LogCaptureFixture
) -> None:
    url, client = spoilt
    execute(url, "DROP TABLE trial_publication")
    execute(url, "DROP TABLE trial_inhibitor")
    execute(url, "DROP TABLE trial_cancer")
    execute(url, "DROP TABLE trial_combination")
    execute(url, "DROP TABLE trial_other_ids")
    execute(url, "DROP TABLE trial")
    response = client.get("/trials")
    problem(response, 503)
    assert "trial" not in response.text.replace("/trials", "")
    assert "does not answer" in caplog.text


@pytest.mark.longer
@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000], ids=["empty", "garbage"])
def test_a_file_that_is_no_database_is_503(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "atlas.sqlite"
    path.write_bytes(content)
    with serving(f"sqlite:///{path}") as client:
        problem(client.get("/inhibitors"), 503)
        problem(client.get("/readyz"), 503)
        seed(SEED, parse_url(f"sqlite:///{path}"))
        assert client.get("/readyz").status_code == 200


def test_a_missing_file_is_503_and_served_once_it_is_there(release_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "atlas.sqlite"
    with serving(f"sqlite:///{path}") as client:
        assert "il6 seed" in str(problem(client.get("/inhibitors"), 503)["detail"])
        shutil.copytree(release_file.parent, path.parent)
        assert client.get("/inhibitors").status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large_is_refused(client: httpx.Client, chunked: bool) -> None:
    body = b'{"terms": ["' + b"x" * 2**20 + b'"]}'
    content = iter([body[:1000], body[1000:]]) if chunked else body
    response = client.post("/resolve", content=content, headers={"Content-Type": "application/json"})
    assert "1048576 bytes" in str(problem(response, 413)["detail"])
    assert client.get(response.json()["type"]).status_code == 200
    fits = client.post("/resolve", json={"terms": ["x" * 2**19]}).raise_for_status()
    assert fits.json()["items"][0]["match"] is None


def test_a_server_that_says_nothing_costs_a_request_two_seconds() -> None:
    """It takes connections, and neither answers nor closes them."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as silent:
        port = silent.getsockname()[1]
        with serving(f"postgresql://atlas@127.0.0.1:{port}/atlas") as client:
            begun = time.monotonic()
            with ThreadPoolExecutor(20) as pool:
                paths = [f"/inhibitors?limit={number}" for number in range(60)]
                answers = [*pool.map(client.get, paths)]
            assert time.monotonic() - begun < 12
            for each in answers:
                problem(each, 503)
                assert each.headers["Retry-After"] == "5"
            taken = []
            for _ in range(5):  # of a few tries, since others have work on this machine too
                begun = time.monotonic()
                problem(client.get("/targets"), 503)
                taken.append(time.monotonic() - begun)
            assert min(taken) < 2.5
            assert client.get("/livez").status_code == 200
            assert client.get("/static/atlas.css").status_code == 200
