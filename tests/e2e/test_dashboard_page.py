"""The dashboard in a real browser: what those who watch see, near, far, in the dark, on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import GatewaySettings
from shared.api_keys import ApiKey, Scope, digest_of, new_key
from shared.settings import load
from tests.support.accessibility import find_violations
from tests.support.browser import Browser, behind, served
from tests.support.dashboard_samples import sample
from tests.support.gateway_harness import GatewayHarness
from tests.support.made_up_day import fill

SHOWN = "board && cards.get('traffic').drawn"
PAINTED = """[...cards].filter(([, parts]) => !parts.section.hidden).map(([name, { canvas }]) => {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return [name, canvas.hidden ? 0 : new Set(new Uint32Array(pixels.buffer)).size];
})"""
DEVICES: dict[str, Any] = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"width": 360, "height": 740, "phone": True, "reduced_motion": True},
    "forced-colors": {"forced_colors": True},
}
ALL = {"traffic", "latency", "stages", "waiting", "oldest", "batch", "load", "kinds", "tones"}
ALL |= {"reasks", "satisfaction", "handovers", "looks", "variants"}


@pytest.fixture
def harness() -> GatewayHarness:
    made = GatewayHarness()
    fill(made.history, made.clock.now())
    return made


@pytest.fixture
def page(browser: Browser, harness: GatewayHarness) -> Iterator[Browser]:
    """The page with a made-up day."""
    with served(harness.app) as origin:
        browser.open(f"{origin}/dashboard")
        browser.wait_for(SHOWN)
        yield browser


def asked_for(browser: Browser) -> list[str]:
    return [url for url in browser.requested() if not url.startswith("data:")]


def test_every_chart_is_drawn_from_this_server_alone(page: Browser) -> None:
    painted: dict[str, int] = dict(page.evaluate(PAINTED))
    assert painted.keys() == ALL
    assert all(colours > 5 for colours in painted.values()), painted
    origin = page.evaluate("location.origin")
    assert all(url.startswith(f"{origin}/") for url in asked_for(page))
    assert not [event for event in page.events if event["method"] == "Log.entryAdded"]
    headline = page.evaluate("byId('headline').textContent")
    assert headline.startswith("All is well: ")
    assert page.evaluate("byId('state').dataset.level") == "good"
    assert page.evaluate("document.querySelectorAll('.worker').length") == 4
    encoders = page.evaluate("byId('encoders').textContent")
    assert encoders == "Answers of the small encoder 92\u00a0%, of the large one 8.3\u00a0%"
    assert "Without a reply" in page.evaluate("cards.get('traffic').legend.textContent")


def test_each_chart_is_told_in_words_and_in_a_table(page: Browser) -> None:
    told = page.evaluate("cards.get('latency').canvas.getAttribute('aria-label')")
    assert told.startswith("Time to the answer. p50 ")
    assert page.evaluate("cards.get('latency').figure.textContent").endswith("ms")
    page.evaluate("cards.get('latency').details.querySelector('summary').focus()")
    page.press("Enter")
    page.wait_for("cards.get('latency').table.querySelectorAll('tbody tr').length === 30")
    heads = (
        "[...cards.get('latency').table.querySelectorAll('thead th')].map((th) => th.textContent)"
    )
    assert page.evaluate(heads) == ["Time", "p50", "p95", "p99"]


def test_a_range_is_chosen_by_keyboard_and_stays_in_the_address(page: Browser) -> None:
    page.evaluate("document.querySelector('input[value=\"15m\"]').focus()")
    for of in ("1h", "6h", "24h"):
        page.press("ArrowRight")
        page.wait_for(f"board.range === '{of}'")
        assert page.evaluate("location.hash") == f"#{of}"
    drawn = "cards.get('traffic').drawn"
    assert page.evaluate(f"{drawn}.options.scales.x.max - {drawn}.options.scales.x.min") == 86_400
    page.evaluate("location.reload()")
    page.wait_for("typeof board !== 'undefined' && board && board.range === '24h'")


def test_few_messages_are_told_by_the_minute_and_no_label_comes_twice(
    browser: Browser, harness: GatewayHarness
) -> None:
    now = int(harness.clock.now())
    harness.history.seconds = [
        sample(now - 60 + 5 * place, arrivals=int(place == 4), counts={"kind=answer": place == 6})
        for place in range(12)
    ]
    with served(harness.app) as origin:
        browser.open(f"{origin}/dashboard")
        browser.wait_for(SHOWN)
        figure = browser.evaluate("cards.get('traffic').figure.textContent")
        labels = browser.evaluate(
            "cards.get('traffic').drawn.scales.y.ticks.map((tick) => tick.label)"
        )
        rates = browser.evaluate("[0, 0.4, 0.5, 1.25, 117].map((rate) => shown.rate(rate))")
    assert figure == "1.1/min"  # of the 55 seconds that are wholly within the last minute
    assert len(labels) == len(set(labels)) > 2
    assert all(label.endswith("/min") for label in labels)
    assert rates == ["0/s", "24/min", "0.5/s", "1.3/s", "117/s"]


def test_where_nothing_was_sampled_there_is_a_gap(page: Browser) -> None:
    page.evaluate("choose('24h')")
    page.wait_for("board.range === '24h'")
    steps = page.evaluate(
        "board.points.at.slice(1).map((at, place) => at - board.points.at[place])"
    )
    spanned = page.evaluate("cards.get('traffic').drawn.options.spanGaps")
    assert max(steps) > 3_000 > spanned
    assert sorted(steps)[-2] <= spanned


@pytest.mark.parametrize("of", ["15m", "6h"])
def test_new_points_are_put_behind_those_that_are_known(
    page: Browser, harness: GatewayHarness, of: str
) -> None:
    page.evaluate(f"choose('{of}')")
    page.wait_for(f"board.range === '{of}'")
    at = int(harness.clock.now()) + 5
    harness.clock.advance(5)
    harness.history.seconds.append(sample(at, counts={"kind=answer": 500}))
    page.evaluate("refresh()")
    page.wait_for(f"last(board.points.at) === {at}")
    assert any("since=" in url for url in asked_for(page))
    added: dict[str, Any] = page.evaluate("board.points")
    page.evaluate("board = null; refresh()")
    page.wait_for("board")
    # The oldest step loses samples as the window moves; the page lets it go whole.
    everything: dict[str, Any] = page.evaluate("board.points")
    known = len(added["at"]) - 1
    for name in ("at", "answers", "reasks", "dead_letters"):
        assert added[name][-known:] == everything[name][-known:], name
    assert (
        added["queues"]["inference"]["waiting"][-known:]
        == (everything["queues"]["inference"]["waiting"][-known:])
    )


def test_nothing_is_asked_for_while_nobody_can_see_it(page: Browser) -> None:
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    before = page.evaluate("asked")
    page.evaluate("refresh()")
    assert page.evaluate("asked") == before
    page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for(f"asked === {before + 1}")


def test_in_the_dark_charts_are_drawn_in_other_colours(page: Browser) -> None:
    colour = "cards.get('traffic').drawn.data.datasets[0].borderColor"
    light = page.evaluate(colour)
    page.emulate(color_scheme="dark")
    page.wait_for(f"{colour} !== '{light}'")
    assert page.evaluate(f"{colour} === colourOf('blue')")


@pytest.mark.parametrize(
    ("device", "full"),
    [
        ("desktop", True),
        ("dark", True),
        ("phone", True),
        ("phone", False),
        ("forced-colors", False),
    ],
)
def test_no_violation_of_accessibility_and_nothing_wider_than_the_screen(
    browser: Browser, harness: GatewayHarness, device: str, full: bool
) -> None:
    if not full:
        harness = GatewayHarness()
    browser.emulate(**DEVICES[device])
    with served(harness.app) as origin:
        browser.open(f"{origin}/dashboard")
        browser.wait_for(SHOWN if full else "board")
        if full:
            browser.evaluate("cards.get('traffic').details.open = true")
            browser.wait_for("cards.get('traffic').table.querySelector('tr')")
        violations = find_violations(browser)
        width = browser.evaluate("document.documentElement.scrollWidth")
        seen = browser.evaluate("innerWidth")
        empty = browser.evaluate("cards.get('traffic').empty.hidden")
    assert violations == []
    assert width <= seen
    assert empty is full


def test_without_redis_it_is_said_and_old_figures_stay(
    page: Browser, harness: GatewayHarness
) -> None:
    harness.history.available = False
    page.evaluate("refresh()")
    page.wait_for("byId('state').dataset.level === 'bad'")
    assert "old" in page.evaluate("byId('notes').textContent")
    assert page.evaluate("byId('announced').textContent") != ""
    assert page.evaluate("cards.get('traffic').drawn.data.datasets[0].data.length") == 180
    harness.history.available = True
    page.evaluate("refresh()")
    page.wait_for("byId('state').dataset.level === 'good'")


def test_a_key_with_the_scope_metrics_opens_the_figures(
    browser: Browser, harness: GatewayHarness
) -> None:
    def issue(tenant: str, scope: Scope) -> str:
        key_id, key = new_key()
        made = ApiKey(key_id, tenant=tenant, scopes=frozenset((scope,)))
        harness.keys.create(digest_of(key), made)
        return key

    other, own = issue("acme", "metrics"), issue("default", "metrics")
    with served(harness.app) as origin:
        browser.open(f"{origin}/dashboard?key")
        browser.wait_for("!byId('key-form').hidden")
        for key, condition in (
            (other, "byId('headline').textContent.includes('default tenant')"),
            (own, SHOWN),
        ):
            browser.evaluate(f"byId('key').value = '{key}'; byId('key-form').requestSubmit()")
            browser.wait_for(condition)
        assert all(own not in url for url in browser.requested())
        browser.evaluate("sessionStorage.clear()")


@pytest.mark.parametrize("base_path", [None, "/support"])
def test_behind_a_proxy_that_strips_its_path(browser: Browser, base_path: str | None) -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, base_path=base_path))
    fill(harness.history, harness.clock.now())
    with served(behind("/support", harness.app)) as origin:
        browser.open(f"{origin}/support/dashboard")
        browser.wait_for(SHOWN)
        assert all(url.startswith(f"{origin}/support/") for url in asked_for(browser))


def test_without_the_chart_library_there_are_figures_and_tables(page: Browser) -> None:
    page.evaluate("redraw(); delete window.Chart; redraw()")
    assert not page.evaluate("byId('library').hidden")
    assert page.evaluate("cards.get('traffic').figure.textContent").endswith("/s")
    page.evaluate("cards.get('traffic').details.open = true")
    page.wait_for("cards.get('traffic').table.querySelectorAll('tbody tr').length === 30")
    assert page.evaluate("cards.get('traffic').canvas.hidden")
