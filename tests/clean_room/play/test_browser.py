"""The live page in a browser, and pages that attack it: `uv run --group browser --group play pytest -m slow`."""

import http.server
import itertools
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dcr_data_generator.clean_room.play import referee, tour
from tests.support import emulator, live

pytest.importorskip("nicegui", reason="`uv run --group browser --group play pytest -m slow` tests the live page")
pytest.importorskip("playwright", reason="`uv run --group browser --group play pytest -m slow` opens it in a browser")

from playwright.sync_api import expect

from tests.support.picture import LONGEST_WAIT, violations

pytestmark = pytest.mark.slow

# The background of the editor in light and dark.
SCHEMES = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}
SEGMENTS = "2. Do customers of a higher tier spend more?"
SOLUTIONS = Path(__file__).parents[2] / "solutions"


class Served(NamedTuple):
    """The command as a person runs it: its process, the address it printed, and the folder with its report."""

    process: Any
    address: str
    folder: Path

    @property
    def origin(self) -> str:
        """The address without the token."""
        return self.address.partition("/?")[0]


@pytest.fixture(scope="module")
def served(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page over the tables of the first run, in a folder with its report."""
    folder = tmp_path_factory.mktemp("play")
    shutil.copytree(filled, folder / ".bigquery")
    shutil.copy(filled.parent / "report.html", folder)
    saved = folder / ".bigquery/answers_dcr-demo.json"  # it knows where the report is
    saved.write_text(saved.read_text(encoding="utf-8").replace(str(filled.parent), str(folder)), encoding="utf-8")
    [port] = emulator.free_ports(1)
    with emulator.start_program("play", "--port", str(port), module="dcr_data_generator", cwd=folder) as process:
        try:
            printed = ""
            while "token=" not in printed:
                line = process.stdout.readline()
                assert line, f"{printed}{process.stderr.read()}"
                printed += line
            yield Served(process, re.findall(r"http://\S+", printed)[0], folder)
        finally:
            process.kill()


@pytest.fixture
def visit(chromium: Any, served: Served) -> Iterator[Callable]:  # noqa: ANN401
    """Open the page in a browser of its own; what it reports or loads from elsewhere fails the test."""
    contexts, troubles = [], []

    def is_foreign(url: str) -> bool:
        return not url.startswith((served.origin, served.origin.replace("http", "ws"), "data:", "about:", "file:"))

    def open_page() -> Any:  # noqa: ANN401
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(LONGEST_WAIT)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if is_foreign(request.url) else None)
        page.goto(served.address)
        editor(page).wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def editor(page: Any) -> Any:  # noqa: ANN401
    """The editor, which has this name as soon as what is typed there is heard."""
    return page.get_by_label("The query, in SQL")


def click(page: Any, label: str, number: int = 1) -> None:  # noqa: ANN401
    """Click what asks a browser's first query, or a later one, and wait for both answers."""
    page.get_by_role("button", name=label, exact=True).first.click()
    page.locator(f".pair[data-number='{number}']").wait_for()


def unfold(page: Any) -> None:  # noqa: ANN401
    """Unfold what is folded."""
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")


def is_readable(page: Any, *widths: int, part: str | None = None) -> None:  # noqa: ANN401
    """Nothing is wider than windows of these widths, and axe finds nothing there, in a part of the page or in all."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")
        assert violations(page, part) == []


def wait_for_colours(page: Any) -> None:  # noqa: ANN401
    """Wait until the editor has loaded the language."""
    words = "[...document.querySelectorAll('.cm-line span')]"
    page.wait_for_function(f"new Set({words}.map(word => getComputedStyle(word).color)).size > 1")


def test_every_named_query_is_answered_as_its_heading_says(visit: Callable) -> None:
    page = visit()
    unfold(page)
    numbers = itertools.count(1)
    verdicts: dict[str, dict[str, str]] = {}
    for group in page.locator(".named-queries details:not(.exercises)").all():
        kind = group.locator("summary").inner_text()
        for label in group.locator(".named").all_inner_texts():
            page.get_by_role("button", name="Start again").click()
            click(page, label, next(numbers))
            verdicts.setdefault(kind, {})[label] = page.locator(".verdict").inner_text()
    assert set(verdicts[live.QUESTIONS].values()) == {"✓ Allowed"}
    assert set(verdicts[live.TEMPLATES].values()) == {"✓ Allowed"}
    # An error that tells something is an attack, too.
    assert set(verdicts[live.ATTACKS].values()) <= {"✓ Allowed", "! Error"}
    others = {label for label, verdict in verdicts[live.REFUSALS].items() if verdict != "✗ Refused"}
    # A group of one person is answered without a row, and a column that is not shared is none of the view's.
    assert others == {
        "A single person: the customer of the first order that was paid through the wallet.",
        "A column that is not shared.",
    }


def test_everybody_can_read_it(visit: Callable) -> None:
    page, part = visit(), None
    unfold(page)
    labels = (None, SEGMENTS, f"{SEGMENTS} With noise", "A list without a join: all of the merchant's customers.")
    for number, label in enumerate(labels):
        if label:
            click(page, label, number)
            wait_for_colours(page)
            part = ".see, .editor"
        if label and "noise" in label:
            page.locator(".dot").first.wait_for()
        for scheme, background in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            expect(page.locator(".cm-editor")).to_have_css("background-color", background)
            is_readable(page, 390, 1280, 1920, part=part)


def test_the_talk_is_walked_through_with_three_keys(visit: Callable) -> None:
    page = visit()
    heading = page.locator(".tour h2")
    page.get_by_role("button", name="Tour").click()
    steps = tour.read(tour.FOLDER, "", ("merchant", "provider"))
    for number, step in enumerate(steps, 1):
        expect(heading).to_have_text(f"{number} of 8: {step.title}")
        expect(page.locator(".say")).not_to_contain_text("{")
        expect(page.locator(".say")).to_be_in_viewport(ratio=1)
        page.locator(".pair").wait_for()
        if step.shows == "noise":
            page.locator(".dot").first.wait_for()
        is_readable(page, *((390, 1920) if number % 2 else (1920, 390)), part=".see, .ask")
        page.locator("h1").click()  # the keys are those of the page, and not of a button
        page.keyboard.press("Enter")
    expect(heading).to_have_count(0)
    page.get_by_role("button", name="Tour").click()
    expect(heading).to_contain_text("1 of 8")
    page.locator("h1").click()
    for key, number in (("Enter", 2), ("Enter", 3), ("Backspace", 2)):
        page.keyboard.press(key)
        expect(heading).to_contain_text(f"{number} of 8")
    expect(page.locator(".notes")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator(".notes")).to_be_visible()


def test_each_exercise_is_gone_through_and_kept_in_the_browser(visit: Callable) -> None:
    page = visit()
    unfold(page)
    verdict = page.locator(".tour .verdict")
    for exercise in referee.read():
        page.get_by_role("button", name=exercise.title, exact=True).click()
        expect(page.locator(".tour h2")).to_have_text(exercise.title)
        page.get_by_role("button", name="Hint", exact=True).click()
        page.get_by_text(exercise.comments["hint"]).wait_for()
        for width, expected in ((390, "✗ Wrong"), (1920, "✓ Right")):
            page.set_viewport_size({"width": width, "height": 900})
            if exercise.options:
                right = int(exercise.comments["right"]) - 1
                page.locator(".tour .named").nth(right if expected == "✓ Right" else right - 1).click()
            else:
                [folder] = SOLUTIONS.glob(f"{exercise.number:02}_*")
                submission = sorted(folder.glob(f"{expected[2:].lower()}_*"))[0].read_text(encoding="utf-8")
                editor(page).click()
                page.keyboard.press("Control+A")
                page.keyboard.insert_text(submission)
                page.get_by_role("button", name="Submit", exact=True).click()
            expect(verdict).to_have_text(expected)
            is_readable(page, width, part=".see, .editor")
    page.reload()
    expect(page.locator(".solved")).to_have_count(10)


def test_a_query_is_typed_and_asked_with_the_keyboard(visit: Callable) -> None:
    page = visit()
    editor(page).click()
    page.keyboard.type("SELECT COUNT(*) AS orders ")
    page.emulate_media(color_scheme="dark")  # which leaves what was typed
    expect(page.locator(".cm-editor")).to_have_css("background-color", SCHEMES["dark"])
    page.keyboard.type("FROM merchant_provider.orders")
    wait_for_colours(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".verdict")).to_have_text("✓ Allowed")
    expect(page.locator(".pair .value")).to_have_text(["1,104.00", "1,104.00"])


def test_the_answer_follows_a_slider_and_a_withheld_group_is_hatched(visit: Callable) -> None:
    page = visit()
    click(page, SEGMENTS)
    expect(page.locator(".hatched")).to_have_count(1)
    expect(page.locator(".pair")).to_contain_text("35 people, withheld: fewer than 50")
    page.get_by_label("Threshold, in people").fill("35")
    expect(page.locator(".pair[data-number='2'] section").nth(1).locator(".value")).to_have_text(
        ["240.05", "152.07", "57.00"]
    )
    expect(page.locator(".hatched")).to_have_count(0)


def test_noise_is_a_bar_and_dots_on_the_scale_of_the_open_answer(visit: Callable) -> None:
    page = visit()
    click(page, f"{SEGMENTS} With noise")
    page.locator(".dot").first.wait_for()
    expect(page.locator(".exact")).to_have_count(3)
    lengths = []
    for section in page.locator(".pair section").all():
        fill, track = section.locator(".fill").nth(1).bounding_box(), section.locator(".track").nth(1).bounding_box()
        figure = float(section.locator(".value").nth(1).inner_text().split()[0])
        lengths.append(fill["width"] / track["width"] / figure)
    assert lengths[0] == pytest.approx(lengths[1], rel=0.02)


def test_a_heavy_query_does_not_hang_the_page(visit: Callable) -> None:
    page = visit()
    editor(page).click()
    users = ", ".join(f"merchant_provider.users AS {name}" for name in "abc")
    page.keyboard.type(f"SELECT COUNT(*) FROM {users}")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("there is no answer within 3 seconds").wait_for()
    click(page, SEGMENTS, 2)
    expect(page.locator(".verdict")).to_have_text("✓ Allowed")


def test_a_copied_link_has_the_question_the_party_and_the_sliders(visit: Callable, served: Served) -> None:
    page = visit()
    click(page, "4. Who are our users, as the merchant knows them?")
    page.get_by_label("Epsilon of one question").fill("2.5")
    page.locator(".pair[data-number='2']").wait_for()
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{served.origin}/#as=provider&threshold=50&epsilon=2.5&query=SELECT")
    other = visit()
    other.goto(link)
    expect(editor(other)).to_contain_text("clean_room_keys")
    expect(other.get_by_text("7.5 of 7.5 epsilon left")).to_have_count(2)
    expect(other.get_by_role("button", name="The provider")).to_have_attribute("aria-pressed", "true")
    expect(other).to_have_url(f"{served.origin}/")
    expect(other.locator(".verdict")).to_have_count(0)


def test_two_browsers_have_their_own_state_and_a_reload_keeps_it(visit: Callable) -> None:
    first, second = visit(), visit()
    click(first, f"{SEGMENTS} With noise")
    first.reload()
    expect(first.get_by_text("2 of 3 epsilon left")).to_have_count(1)
    expect(editor(first)).to_contain_text("DIFFERENTIAL_PRIVACY")
    second.reload()
    expect(second.get_by_text("3 of 3 epsilon left")).to_have_count(2)


def test_what_was_asked_is_a_section_of_the_report(visit: Callable, served: Served) -> None:
    page = visit()
    unfold(page)
    click(page, SEGMENTS)
    click(page, "Less noise than the policy allows.", 2)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The report has it now").wait_for()
    report = page.context.new_page()
    report.goto((served.folder / "report.html").as_uri())
    section = report.locator("#asked")
    expect(section.locator("h3")).to_have_text(["Merchant: allowed", "Merchant: refused"])
    expect(section).to_contain_text("Business: 35 people, withheld: fewer than 50")
    assert violations(report) == []


# What a page of somebody else tries, in the browser that has the cookie.
ATTACK = """async (origin) => {
  const got = [];
  for (const options of [{}, {mode: "no-cors"}, {credentials: "include"}])
    got.push(await fetch(`${origin}/`, options).then(answer => answer.text()).catch(() => ""));
  got.push(await new Promise(resolve => {
    const socket = new WebSocket(`${origin.replace("http", "ws")}/_nicegui_ws/socket.io/?EIO=4&transport=websocket`);
    socket.onmessage = message => resolve(`socket: ${message.data}`);
    socket.onclose = socket.onerror = () => resolve("");
  }));
  const frame = document.createElement("iframe");
  frame.src = origin;
  const loaded = new Promise(resolve => { frame.onload = resolve; });
  document.body.append(frame);
  await loaded;
  try { got.push(frame.contentDocument.body.innerText); } catch { got.push(""); }
  return got.join("");
}"""


@pytest.fixture
def another_port() -> Iterator[int]:
    """A server of somebody else on this computer, such as of a notebook; cookies know no ports."""

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer with an empty page."""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_a_page_of_somebody_else_gets_nothing(host: str, another_port: int, chromium: Any, served: Served) -> None:  # noqa: ANN401
    context = chromium.new_context()
    context.new_page().goto(served.address)
    assert context.cookies()
    attacker = context.new_page()
    attacker.goto(f"http://{host}:{another_port}/")
    assert attacker.evaluate(ATTACK, served.origin) == ""
    # A name that comes to mean this computer is refused for its host.
    attacker.goto(served.origin.replace("127.0.0.1", "evil.example"))
    expect(attacker.locator("body")).to_contain_text("for browsers on this computer")
    context.close()


def test_a_browser_that_never_had_the_token_gets_nothing(chromium: Any, served: Served) -> None:  # noqa: ANN401
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served.origin)
    page.get_by_text("Open the address that `dcr play` printed").wait_for()
    assert context.cookies() == []
    context.close()


def test_ctrl_c_ends_everything_and_nothing_that_was_asked_was_printed(visit: Callable, served: Served) -> None:
    page = visit()
    click(page, SEGMENTS)
    page.goto("about:blank")
    served.process.send_signal(signal.SIGINT)
    status, out, err = emulator.end_of(served.process)
    assert (status, err) == (130, "")
    assert "SELECT" not in out
    assert emulator.processes_of_group(served.process.pid) == []
