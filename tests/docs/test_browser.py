"""A reader's clicks, in headless Chromium: language switch, search, copy button, small screens."""

import pytest
from pages import LISTING
from test_listings import resolve

from llm_book.publishing.book import DOCS, navigation

pytestmark = pytest.mark.browser
PAGES = [
    page.removesuffix(".md").removesuffix(".ipynb").removesuffix("index")
    for page in navigation("en")
]
BPE = "tokenizers/bpe/"


def open_page(context, address):
    """Open a page that remembers what went wrong while it was open."""
    page = context.new_page()
    page.faults = []
    page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("requestfailed", lambda request: page.faults.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else page.faults.append(f"another host: {request.url}")
        ),
    )
    return page


@pytest.fixture
def page(browser, address):
    """A fresh page of a new reader."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield open_page(context, address)
    context.close()


@pytest.fixture(scope="module", params=[("en", "light"), ("zh", "dark")], ids="-".join)
def phone(request, browser, address):
    """A reader who goes through the book on a phone, and fetches what pages share only once."""
    language, scheme = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 800})
    yield open_page(context, address), language, scheme
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_error_and_fits_a_phone(phone, address, path):
    page, language, scheme = phone
    page.faults.clear()
    page.goto(f"{address}/{language}/{path}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.body.dataset.mdColorScheme") == (
        "slate" if scheme == "dark" else "default"
    )
    assert page.locator(".arithmatex:not(:has(.katex)), .katex-error").count() == 0
    assert page.faults == []


@pytest.mark.parametrize(("here", "there"), [("en", "zh"), ("zh", "en")])
def test_the_language_switch_keeps_page_and_anchor(page, address, here, there):
    page.goto(f"{address}/{here}/{BPE}#pitfalls")
    page.locator(".md-header .md-select button").focus()
    with page.expect_navigation():
        page.locator(f".md-select__link[hreflang={there}]").click()
    assert page.url == f"{address}/{there}/{BPE}#pitfalls"
    assert page.locator("html").get_attribute("lang") == there


@pytest.mark.parametrize("query", ["词元", "tokenizer", "掩码", "字节对"])
def test_a_search_finds_the_chinese_page(page, address, query):
    if query == "掩码" and "nn/self_attention/" not in [f"{path}/" for path in PAGES]:
        pytest.skip("the pages on masks are not written yet")
    page.goto(f"{address}/zh/")
    page.locator(".md-search__input").click()
    page.keyboard.type(query, delay=20)
    page.keyboard.press("End")  # as a Chinese input method does, typing ends in a key
    result = page.locator(".md-search-result__link").first
    result.wait_for(state="visible", timeout=10_000)
    assert "/zh/" in result.get_attribute("href")


def test_a_search_finds_the_english_page(page, address):
    page.goto(f"{address}/en/")
    page.locator(".md-search__input").click()
    page.keyboard.type("tokenizer", delay=20)
    result = page.locator(
        f".md-search-result__link[href*='{BPE}'], .md-search-result__link[href*='word_tokenizer']"
    ).first
    result.wait_for(state="visible", timeout=10_000)


def test_the_copy_button_copies_the_listing_exactly(page, address):
    import inspect

    text = (DOCS / "en" / "tokenizers" / "bpe.md").read_text("utf-8")
    target = next(
        target for target, options in LISTING.findall(text) if "docstring: false" not in options
    )
    page.goto(f"{address}/en/{BPE}")
    block = page.locator(".highlight:has(.filename)").first
    block.hover()
    block.locator("[data-md-type=copy], .md-clipboard").first.click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 0)")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.rstrip() == inspect.getsource(resolve(target)).rstrip()


def test_the_colour_scheme_can_be_switched(page, address):
    page.goto(f"{address}/en/")
    before = page.evaluate("document.body.dataset.mdColorScheme")
    page.locator("label[for^=__palette]:visible").first.click()
    page.wait_for_function(f"document.body.dataset.mdColorScheme !== {before!r}")


def test_the_root_sends_a_reader_to_a_language(browser, address):
    for locale, language in (("zh-CN", "zh"), ("de-DE", "en")):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(f"{address}/")
        page.wait_for_url(f"{address}/{language}/")
        context.close()


def test_a_missing_page_offers_both_languages(page, address):
    response = page.goto(f"{address}/zh/nowhere/")
    assert response.status == 404
    assert page.locator("#en").get_attribute("href") == "/en/"
    assert page.locator("#zh").get_attribute("href") == "/zh/"
