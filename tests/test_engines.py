"""Both engines give the same answers, byte for byte: so what is made of answers may be tried on one."""

import json
from pathlib import Path

import httpx
import pytest

from app.catalog import RESOURCES, Resource
from app.main import create_app
from app.settings import Settings
from tests.conftest import RELEASE, PostgreSQL, run_async

pytestmark = pytest.mark.postgresql

QUESTIONS = [
    "/release",
    "/releases",
    "/releases/2026.12/changes",
    "/inhibitors/tocilizumab/history",
    "/graph",
    "/graph?cancer=ovarian%20cancer&depth=3",
    "/graph/paths?from=Actemra&to=ovarian-cancer&via=stat3,angiogenesis",
    "/search?q=il-6%20angiogenesis",
    "/search?q=toci*&kind=trials",
    "/search?q=JAK&limit=100",
    "/resolve?q=breast%20carcinoma",
    "/resolve?q=tocilizumb",
    "/evidence/summary?by=cancer,inhibitor",
    "/evidence/summary?by=level,year&type=prognostic",
    "/cancers?prognosis=poor&min_level=A&facets=group,target",
    "/evidence?cancer=solid-tumours&include_descendants=true&sort=-level,publication&limit=100",
    "/publications?q=interleukin&sort=-year&facets=kind&limit=30",
    "/inhibitors?ids=Actemra,Kevzara,nobody",
    "/approvals?agency=FDA&year__gte=2015&sort=-year",
    "/trials?format=csv",
    "/evidence?format=bibtex&inhibitor=siltuximab",
    "/inhibitors/siltuximab/cancers/multiple-myeloma",
    "/compare?inhibitors=siltuximab,tocilizumab,ruxolitinib&cancer=pancreatic-cancer",
    "/evidence/conflicts",
    "/inhibitors/tocilizumab?view=brief",
    "/inhibitors/tocilizumab?format=jsonld",
    "/cancers/breast-cancer?fields=name,prognosis",
    "/cancers/breast-cancer?release=2026.11",
    "/explore/inhibitors/siltuximab/cancers/multiple-myeloma",
    "/explore/cancers/breast-cancer",
    "/explore/matrix",
    "/explore/search?q=il-6",
    "/",
]


@pytest.fixture(scope="module")
def urls(release_file: Path, postgresql: PostgreSQL) -> tuple[str, str]:
    return f"sqlite:///{release_file}", postgresql.new_database(RELEASE)


def answers(url: str, addresses: list[str]) -> dict[str, tuple[int, bytes]]:
    """What an application answers, asked without a server and without what is kept ready."""

    async def ask() -> dict[str, tuple[int, bytes]]:
        app = create_app(Settings(database_url=url, access_log=False))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://atlas") as client:
            given = {each: await client.get(each) for each in addresses}
        app.state.database.dispose()
        return {address: (answer.status_code, answer.content) for address, answer in given.items()}

    return run_async(ask())


def test_questions_of_every_sort(urls: tuple[str, str]) -> None:
    one, other = (answers(url, QUESTIONS) for url in urls)
    for address in QUESTIONS:
        assert one[address] == other[address], address
        assert one[address][0] == 200, address


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_lists_and_records(urls: tuple[str, str], resource: Resource) -> None:
    listed = f"/{resource.path}?limit=500"
    one, other = (answers(url, [listed])[listed] for url in urls)
    assert one == other
    some = [item["id"] for item in json.loads(one[1])["items"]][::12]
    addresses = [f"/{resource.path}/{each}" for each in some]
    assert answers(urls[0], addresses) == answers(urls[1], addresses)
