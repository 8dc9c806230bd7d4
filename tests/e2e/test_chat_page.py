"""The chat page in a real browser: what a customer sees, does, and cannot be kept from."""

from collections.abc import Iterator

import pytest

from tests.support.accessibility import find_violations
from tests.support.browser import Browser, find_chromium, page, served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    with Browser(path, tmp_path_factory.mktemp("chromium")) as running:
        yield running


def test_a_page_with_faults_has_them_found(browser: Browser) -> None:
    document = "<!doctype html><html lang=en><title>x</title><main><h1>x</h1>"
    faults = "<p style='color:#aaa;background:#fff'>pale</p><button></button>"
    with served(page(document + faults)) as origin:
        browser.open(f"{origin}/")
        found = find_violations(browser)
    assert {each.id for each in found} == {"button-name", "color-contrast"}
    assert all(each.nodes and each.impact and each.help for each in found)
