"""The site in a browser, opened as a file: filters, search, keyboard, themes, a narrow window, accessibility.

`make browser-tests` runs these tests. They need Chromium, which neither PyPI nor npm has.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.site.reading import pages
from tools.explain import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
AXE = ROOT / "node_modules/axe-core/axe.min.js"
PAGES = (
    "index.html",
    "fargate-efs.html",
    "templates/fargate-efs-production.html",
    "rules.html",
    "source/stacks/ecr/stack.py.html",
)
FIRST_VIEW = 300_000
"""Maximum size in bytes of what the gallery loads before somebody scrolls."""
NARROW = {"width": 360, "height": 740}


def chromium() -> str:
    """The path of a Chromium. Without one, the tests fail with a message, because a skipped test proves nothing."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail(
            "There is no Chromium. Install it (Debian: apt-get install chromium), or set CHROMIUM to its path.",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page, which must cause no message of the console, no error and no request except for files."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    made, wrong = context.new_page(), list[str]()

    def note(message: ConsoleMessage) -> None:
        wrong.append(message.text)

    made.on("console", note)
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
    yield made
    context.close()
    assert wrong == []


def visit(page: Page, site: Path, url: str) -> None:
    page.goto(f"{site.as_uri()}/{url}")


def shown(page: Page) -> int:
    return page.locator(".card:visible").count()


def test_filters_narrow_the_gallery_and_the_address_keeps_them(page: Page, site: Path) -> None:
    visit(page, site, "index.html")
    everything = shown(page)
    expect(page.get_by_role("status").last).to_have_text(f"All {everything} patterns")
    page.get_by_label("Serverless").check()
    serverless = shown(page)
    page.get_by_label("EFS").first.check()
    assert 0 < shown(page) < serverless < everything
    assert page.get_by_role("link", name="Fargate service with shared EFS storage behind an ALB").is_visible()
    address = page.url
    page.reload()
    assert page.url == address
    assert page.get_by_label("Serverless").is_checked()
    narrowed = shown(page)
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator(".card:visible")).to_have_count(everything)
    assert narrowed < everything


def test_the_count_beside_a_filter_is_what_it_finds(page: Page, site: Path) -> None:
    visit(page, site, "index.html")
    for label in page.locator(".filters label:has([type=checkbox])").all():
        count = int(label.locator("span").inner_text())
        label.locator("input").check()
        assert shown(page) == count > 0
        label.locator("input").uncheck()


def test_production_has_its_own_numbers(page: Page, site: Path) -> None:
    visit(page, site, "index.html")
    card = page.locator(".card").first
    before = card.inner_text()
    page.get_by_label("Production").check()
    assert card.inner_text() != before


def test_the_search_is_used_by_the_keyboard_alone(page: Page, site: Path) -> None:
    visit(page, site, "recipes/karpenter.html")
    page.keyboard.press("/")
    page.keyboard.type("termination protecton")  # with a mistake
    first = page.get_by_role("option").first
    expect(first).to_be_visible()
    assert first.get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("option").nth(1).get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("function-concurrency-quota zzz")
    expect(page.get_by_text("Nothing has")).to_be_visible()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Fargate EFS load balancer")
    expect(page.get_by_role("option").first).to_contain_text("Fargate with EFS")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fargate-efs.html*")


def test_the_keyboard_reaches_the_content_first_and_every_filter(page: Page, site: Path) -> None:
    visit(page, site, "index.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    seen = set[str]()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.name || ''"))
    assert {"posture", "servers", "compute", "storage", "service"} <= seen
    page.get_by_label("Serverless").focus()
    page.keyboard.press("Space")
    assert page.get_by_label("Serverless").is_checked()


def test_the_first_view_loads_less_than_300_kb_and_drawings_follow(page: Page, site: Path) -> None:
    loaded = list[Path]()
    page.on("request", lambda request: loaded.append(Path(unquote(urlparse(request.url).path))))
    visit(page, site, "index.html")
    page.wait_for_load_state("networkidle")
    assert sum(path.stat().st_size for path in loaded) < FIRST_VIEW
    before = len(loaded)
    last = page.locator(".card").last
    last.scroll_into_view_if_needed()
    # The load state stays "networkidle" once it is reached, and an image that has not begun to load may be "complete".
    page.wait_for_function("image => image.naturalWidth > 0", arg=last.locator("img").element_handle())
    assert len(loaded) > before


def test_the_drawing_follows_the_theme(page: Page, site: Path) -> None:
    visit(page, site, "fargate-efs.html")
    image = page.locator("figure img")
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("each => each.currentSrc").endswith("-light.svg")
    assert image.evaluate("each => each.naturalWidth") > 0, "the picture can be decoded"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.querySelector('figure img').currentSrc.endsWith('-dark.svg')")
    page.get_by_role("button", name="Theme: automatic").click()
    page.wait_for_function("document.querySelector('figure img').currentSrc.endsWith('-light.svg')")


def background(page: Page) -> Any:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_theme_follows_the_system_until_one_is_chosen(page: Page, site: Path) -> None:
    visit(page, site, "index.html")
    light = background(page)
    page.emulate_media(color_scheme="dark")
    dark = background(page)
    assert dark != light
    page.get_by_role("button", name="Theme: automatic").click()
    assert background(page) == light
    visit(page, site, "rules.html")
    assert background(page) == light, "the choice holds on other pages"
    page.get_by_role("button", name="Theme: light").click()
    page.emulate_media(color_scheme="light")
    assert background(page) == dark


@pytest.mark.parametrize("url", PAGES)
def test_a_narrow_window_scrolls_in_one_direction(page: Page, site: Path, url: str) -> None:
    page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    visit(page, site, url)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("url", PAGES)
def test_axe_finds_nothing_serious(page: Page, site: Path, url: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, site, url)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run({preload: false}).then((result) => result.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in serious] == []


def test_axe_finds_what_is_wrong(page: Page, site: Path) -> None:
    visit(page, site, "index.html")
    page.evaluate("document.querySelector('.lead').style.color = '#ddd'")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run({preload: false}).then((result) => result.violations)")
    assert "color-contrast" in {each["id"] for each in found}


def test_a_link_to_a_resource_opens_it(page: Page, site: Path) -> None:
    visit(page, site, "templates/ecr-sandbox.html")
    resource = page.locator("details.resource:has(pre a)").first
    resource.locator("summary").click()
    link = resource.locator("pre a").first
    target = (link.get_attribute("href") or "").removeprefix("#")
    link.click()
    expect(page.locator(f"#{target}")).to_have_attribute("open", "")


def test_every_page_of_the_book_runs_without_a_message(page: Page, site: Path) -> None:
    for each in pages(site):
        url = each.path.relative_to(site.resolve()).as_posix()
        if not url.startswith("source/"):
            page.goto(each.path.as_uri(), wait_until="load")
            assert page.locator("h1").count() == 1, url
