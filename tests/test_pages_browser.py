"""The pages in Chromium: nothing is fetched from elsewhere, nothing breaks, everyone can use them."""

import re
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True, scope="session")
"""A browser does not see which engine the answers come from."""

ADDRESSES = (
    "/",
    "/explore/inhibitors/sarilumab",
    "/explore/cancers/breast-cancer",
    "/explore/matrix",
    "/explore/search?q=il-6+angiogenesis",
    "/explore/paths?from=tocilizumab&to=ovarian-cancer",
    "/explore/pathway?cancer=ovarian-cancer",
    "/explore/cancers?prognosis=poor",
    "/explore/inhibitors/siltuximab/cancers/multiple-myeloma",
    "/explore/evidence/breast-il6-os-meta-lin-2015",
    "/explore/compare?inhibitors=siltuximab,tocilizumab,ruxolitinib&cancer=pancreatic-cancer",
    "/explore/conflicts?inhibitor=tocilizumab",
    "/about",
)

CHECKED = {"rules": {"target-size": {"enabled": True}}}
"""The size of targets is not among what the tool checks by itself."""

WIDER = """[...document.querySelectorAll(".scroll")]
    .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText.slice(0, 40))"""
"""Tables that are wider than their place."""

GROUND = "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).slice(0, 3)"
"""The colour that a page stands on: red, green, blue."""

HIDDEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_asks_no_other_host_and_fits_a_telephone(page: Page, address: str) -> None:
    """The fixture fails on requests elsewhere, and on errors, of which breaches of the policy are some."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    assert page.evaluate(HIDDEN) == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.top')).borderBottomWidth") == "1px"


CONTEXTS: tuple[tuple[Literal["light", "dark"], Literal["active", "none"], int], ...] = (
    ("light", "none", 1280),
    ("dark", "none", 390),
    ("light", "active", 1280),
)


@pytest.fixture(scope="module")
def contexts(browser: Browser, client: httpx.Client) -> Iterator[list[BrowserContext]]:
    """Light, dark and narrow, in the reader's colours; without the policy, as what checks is a script."""
    made = [
        browser.new_context(
            base_url=str(client.base_url),
            color_scheme=scheme,
            forced_colors=forced,
            viewport={"width": width, "height": 844},
            bypass_csp=True,
        )
        for scheme, forced, width in CONTEXTS
    ]
    yield made
    for each in made:
        each.close()


@pytest.mark.parametrize("address", [*ADDRESSES, "/explore/cancers?inhibitor=tocilizumb"])
def test_everyone_can_use_a_page(contexts: list[BrowserContext], address: str) -> None:
    for context in contexts:
        page = context.new_page()
        page.goto(address)
        found = Axe().run(page, options=CHECKED).response["violations"]
        page.close()
        assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found] == []


def test_the_documentation_can_be_used_and_does_not_glare(contexts: list[BrowserContext]) -> None:
    """Swagger UI leaves a heading and a landmark to be desired, which nobody is kept out by."""
    for context in contexts:
        page = context.new_page()
        page.goto("/docs")
        page.get_by_role("button", name="GET /cancers", exact=False).first.wait_for()
        found = Axe().run(page, options=CHECKED).response["violations"]
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        light = sum(map(int, page.evaluate(GROUND))) > 384
        page.close()
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        assert light is not dark


def test_the_check_of_use_can_fail(contexts: list[BrowserContext]) -> None:
    page = contexts[0].new_page()
    page.goto("/explore")
    page.evaluate("document.querySelector('label').remove(); document.documentElement.lang = ''")
    found = {each["impact"] for each in Axe().run(page).response["violations"]}
    page.close()
    assert "serious" in found


def test_the_policy_stops_a_script(browser: Browser, client: httpx.Client) -> None:
    stopped = browser.new_page(base_url=str(client.base_url))
    said: list[str] = []
    stopped.on("console", lambda message: said.append(message.text))
    stopped.goto("/")
    stopped.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'x'}))")
    stopped.close()
    assert any("Content Security Policy" in each for each in said)


def test_a_reader_searches_opens_filters_and_finds_a_path(page: Page) -> None:
    """All of it without a script, and the first step by keyboard."""
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    ask = page.get_by_role("searchbox", name="Search by any name")
    assert ask.count() == 1
    ask.fill("CNTO 328")
    ask.press("Enter")
    page.get_by_role("link", name="Siltuximab", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Siltuximab")
    expect(page.get_by_text("Siltuximab is not approved to treat a cancer")).to_be_visible()
    page.get_by_role("navigation", name="The atlas").get_by_role("link", name="Trials").click()
    page.get_by_label("Outcome").select_option("negative")
    page.get_by_label("Inhibitor").fill("CNTO 328")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/explore/trials?inhibitor=CNTO+328&outcome=negative")
    expect(page.get_by_role("link", name="NCT00385827")).to_be_visible()
    page.get_by_role("link", name="Paths", exact=True).click()
    page.get_by_label("From").fill("Actemra")
    page.get_by_label("To", exact=True).fill("ovarian cancer")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "What the pathway predicts: tocilizumab and ovarian cancer"
    )
    expect(page.get_by_role("img", name="Pathway graph")).to_be_visible()
    page.get_by_role("link", name="Matrix", exact=True).click()
    page.get_by_role("link", name=re.compile("^Multiple myeloma, Siltuximab")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Siltuximab in multiple myeloma")
    page.get_by_role("link", name="5 no benefit").click()
    assert "significance=no-benefit" in page.url


def test_a_page_works_with_scripts_turned_off(browser: Browser, client: httpx.Client) -> None:
    context = browser.new_context(base_url=str(client.base_url), java_script_enabled=False)
    page = context.new_page()
    page.goto("/explore/cancers/breast-cancer")
    expect(page.get_by_role("region", name="Forest plot")).to_be_visible()
    page.get_by_role("link", name="source 1,").first.click()
    assert "#source-1" in page.url
    context.close()


@pytest.mark.parametrize("address", ["/explore/evidence", "/explore/inhibitors", "/explore/trials"])
def test_a_telephone_shows_the_first_row_of_a_list_at_once(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    first = page.locator("tbody tr:not(.band)").first.bounding_box()
    assert first is not None
    assert first["y"] + 60 < 844
    assert first["width"] <= 390, "a row is a card"


@pytest.mark.parametrize(
    "address",
    [
        "/explore/evidence",
        "/explore/trials",
        "/explore/inhibitors/tocilizumab",
        "/explore/cancers/breast-cancer",
        "/explore/matrix",
        "/explore/compare?inhibitors=siltuximab,tocilizumab,ruxolitinib,sarilumab,baricitinib",
    ],
)
def test_a_table_fits_a_screen(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address)
    page.get_by_role("table").first.wait_for()
    assert page.evaluate(WIDER) == []


def test_a_telephone_shows_the_marks_of_the_forest_plot(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/explore/cancers/breast-cancer")
    points = page.locator(".forest .point")
    assert points.count() == 3
    for number in range(3):
        box = points.nth(number).bounding_box()
        assert box is not None
        assert 0 < box["x"] < 390 - box["width"]


@pytest.mark.parametrize("cancer", ["breast-cancer", "multiple-myeloma", "pancreatic-cancer"])
def test_a_cancer_is_printed_on_five_pages_at_most(page: Page, cancer: str) -> None:
    page.goto(f"/explore/cancers/{cancer}")
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type /Page\b", printed)) <= 5
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 710, "height": 1000})  # an A4 sheet within its margins
    assert (
        page.evaluate("Math.max(...[...document.querySelectorAll('table')].map(each => each.scrollWidth))")
        <= 710
    )


def test_the_keyboard_opens_what_is_folded(page: Page) -> None:
    page.goto("/explore/cancers/breast-cancer")
    page.get_by_text("Cite", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("IL-6 Atlas, release").first).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("link", name="Trials", exact=True)).to_have_count(0)
    page.get_by_text("Menu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Trials", exact=True)).to_be_visible()
