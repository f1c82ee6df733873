"""The point map in a real browser: a million points, hover, lasso, frames, a lost context, no WebGL2, one file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qlatent.layout.quantised import quantise
from qlatent.ui.latent_map.point_map import Card, Cards, Contour, PointMap, classes, ramp, standalone_html
from qlatent.ui.latent_map.point_map.source import script
from tests.browser.conftest import CHROMIUM, QUIET, free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HERE = Path(__file__).parent / "point_map"
COLOURED = """canvas => {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d");
    context.drawImage(canvas, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
    return pixels.reduce((sum, pixel) => sum + (pixel !== pixels[0]), 0);
}"""  # pixels unlike the one in the corner
MEAN = """canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const [sum, ground] = [[0, 0, 0, 0], pixels.slice(0, 3)];
    for (let at = 0; at < pixels.length; at += 4) {
        const part = [0, 1, 2].map((i) => pixels[at + i]);
        if (Math.max(...part.map((value, i) => Math.abs(value - ground[i]))) < 60) continue;
        part.forEach((value, i) => { sum[i] += value; });
        sum[3]++;
    }
    return sum.slice(0, 3).map((value) => value / sum[3]);
}"""  # red, green and blue of the pixels unlike the one in the corner

PAINTED = """(canvas, colour) => {
    const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const found = [];
    for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] < 200 || colour.some((value, i) => Math.abs(data[at + i] - value) > 60)) continue;
        found.push([(at / 4) % width, Math.floor(at / 4 / width)]);
    }
    const reach = (values) => values.length && Math.max(...values) - Math.min(...values);
    return [0, 1].map((i) => reach(found.map((at) => at[i])));
}"""  # how far the pixels of a colour reach in each direction
RED, MAGENTA, MARKED = [255, 0, 0], [255, 0, 255], [213, 94, 0]
INKED = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) {
        sum += data[at + 3] > 150 && Math.max(...data.slice(at, at + 3)) < 80;
    }
    return sum;
}"""  # dark pixels

MOVED = """async canvas => {
    const root = canvas.closest(".pm-root"), stage = root.querySelector(".pm-stage");
    const drawn = () => root.dataset.drawn;
    const press = key => stage.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const next = () => new Promise(requestAnimationFrame);
    const rested = async before => { while (drawn() === before) await next(); };
    const copy = document.createElement("canvas");
    const { width, height } = Object.assign(copy, { width: canvas.width, height: canvas.height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    const seen = () => {
        context.drawImage(canvas, 0, 0);
        return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    };
    const alike = (one, other) => {
        let [same, all] = [0, 0];
        for (let y = 60; y < height - 60; y++) for (let x = 60; x < width - 60; x++, all++)
            same += one[y * width + x] === other[y * width + x];
        return same / all;
    };
    const first = seen();
    let [before, moving] = [drawn(), null];
    do { // again where the browser was so slow that the view came to rest
        before = drawn();
        press("ArrowRight");
        await next();
        await next();
        moving = seen();
        if (drawn() === before) break;
        press("ArrowLeft");
        await rested(drawn());
    } while (true);
    await rested(before);
    const whole = seen();
    press("ArrowLeft");
    await rested(drawn());
    return { moving: alike(moving, whole), changed: 1 - alike(first, whole), back: alike(seen(), first) };
}"""  # how alike the pixels are: while moving and at rest, before and after, and after the way back


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the page in `point_map/`."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "serve.py",
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=HERE,
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONPATH": str(HERE.parents[2])},
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(address + "/_stcore/health", timeout=1).close()
            break
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    yield address
    process.kill()
    process.wait(10)


class Map:
    """A point map on a page; `which` counts the maps of the page from the top."""

    def __init__(self, page: Any, which: int = 0) -> None:
        self.page = page
        self.root = page.locator(".pm-root").nth(which)
        self.stage = self.root.locator(".pm-stage")

    def drawn(self, more_than: int = 0) -> int:
        """Wait for a full picture; how many there were so far."""
        self.root.wait_for()
        handle = self.root.element_handle()
        self.page.wait_for_function("([root, n]) => Number(root.dataset.drawn) > n", arg=[handle, more_than])
        return int(self.root.get_attribute("data-drawn"))

    def spot(self, x: float, y: float) -> tuple[float, float]:
        box = self.stage.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def draw(self, *path: tuple[float, float]) -> None:
        """Drag along a path of shares of width and height."""
        self.stage.scroll_into_view_if_needed()
        self.page.mouse.move(*self.spot(*path[0]))
        self.page.mouse.down()
        for place in path[1:]:
            self.page.mouse.move(*self.spot(*place), steps=12)
        self.page.mouse.up()

    def lasso(self) -> int:
        """Draw around the middle; how many points the browser says are selected."""
        self.root.locator(".pm-tool.pm-lasso").click()
        self.draw((0.3, 0.2), (0.7, 0.25), (0.75, 0.7), (0.5, 0.5), (0.35, 0.8))
        return self.selected()

    def selected(self) -> int:
        text = self.root.locator(".pm-status", has_text="selected").inner_text()
        return int(text.split(" of ")[0].replace(",", ""))

    def picture(self) -> Any:
        shown = ".pm-points" if self.root.get_attribute("data-renderer") == "webgl" else ".pm-plain"
        return self.root.locator(shown)

    def coloured(self) -> int:
        """How many pixels of the picture differ from the ground."""
        return self.picture().evaluate(COLOURED)

    def other_than(self, before: int) -> int:
        """Wait until so many pixels are no longer what differs from the ground; how many it is then."""
        picture = self.picture().element_handle()
        self.page.wait_for_function(
            "([canvas, coloured, n]) => eval(coloured)(canvas) !== n", arg=[picture, COLOURED, before]
        )
        return self.coloured()


def told(page: Any, pattern: str) -> re.Match[str]:
    """What the page says that Python learned."""
    text = page.get_by_text(re.compile(pattern)).first.inner_text()
    found = re.search(pattern, text)
    assert found is not None
    return found


def runs(page: Any) -> int:
    return int(told(page, r"runs (\d+)")[1])


def opened(page: Any, address: str) -> Map:
    page.set_default_timeout(60_000)
    page.goto(address)
    shown = Map(page)
    shown.drawn()
    return shown


def test_a_million_points_are_sent_once_drawn_and_selected(page: Any, url: str) -> None:
    sent: list[int] = []
    page.on(
        "response",
        lambda answer: "/points/blob/" in answer.url and sent.append(int(answer.headers["content-length"])),
    )
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: frames.append(sent)))
    shown = opened(page, url + "/?n=1000000")
    assert sum(sent) == 5_000_080  # positions 4 MB, a byte of colour each, ten pairs
    before = shown.coloured()
    assert before > 20_000
    count = shown.drawn()
    page.mouse.move(*shown.spot(0.5, 0.5))
    page.mouse.wheel(0, -480)
    shown.drawn(count)
    assert shown.coloured() > before
    page.keyboard.press("Tab")
    shown.stage.press("0")
    frames.clear()
    selected = shown.lasso()
    learned = told(page, r"told (\d+) rows in (\d+) vertices")
    assert int(learned[1]) == selected > 100_000
    assert int(learned[2]) <= 256
    assert max(len(frame) for frame in frames) < 2048
    assert sum(sent) == 5_000_080  # nothing was sent again
    counts = shown.root.locator(".pm-count").all_inner_texts()
    assert sum(int(each.split(" of ")[0].replace(",", "")) for each in counts) == selected


def test_a_card_opens_over_a_point_and_a_click_reaches_python(page: Any, url: str) -> None:
    shown = opened(page, url + "/?n=900")
    page.mouse.move(*alone(shown))
    card = shown.root.locator(".pm-card", has_text="text of 0")
    card.wait_for()
    assert "apples" in card.inner_text()
    assert runs(page) == 1
    page.mouse.click(*alone(shown))
    told(page, "told clicked 0 add False")
    page.keyboard.down("Shift")
    page.mouse.click(*alone(shown))
    page.keyboard.up("Shift")
    told(page, "told clicked 0 add True")
    assert shown.selected() == 1
    shown.stage.press("Escape")
    shown.root.locator(".pm-status", has_text="900 points").wait_for()


def alone(shown: Map) -> tuple[float, float]:
    """Where the single point at the far left is drawn: the leftmost coloured pixel."""
    x, y, width, height = shown.root.locator(".pm-plain").evaluate("""canvas => {
        const { width, height } = canvas;
        const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer);
        for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) {
            if (pixels[y * width + x] !== pixels[0]) return [x + 3, y, width, height];
        }
    }""")
    return shown.spot(x / width, y / height)


def test_frames_play_without_python(page: Any, url: str) -> None:
    shown = opened(page, url + "/?f=5")
    shown.stage.press("0")
    before = runs(page)
    shown.root.locator(".pm-tool.pm-play").press("Enter")
    shown.root.locator(".pm-now.pm-between").wait_for()
    assert runs(page) == before
    shown.root.locator(".pm-now", has_text="frame 5/5").wait_for()
    shown.root.locator(".pm-tool.pm-back").press("Enter")
    told(page, "frame 3 hidden")
    assert shown.root.locator(".pm-scrub").input_value() == "3"


def test_classes_are_switched_off_in_the_legend(page: Any, url: str) -> None:
    shown = opened(page, url)
    before, count = shown.coloured(), shown.drawn()
    shown.root.locator(".pm-class", has_text="tea").press("Enter")
    shown.drawn(count)
    assert shown.coloured() < before
    told(page, r"hidden \(4,\)")


def test_what_the_page_takes_back_is_taken_back_on_the_map(page: Any, url: str) -> None:
    shown = opened(page, url + "/?undo=1")
    before = shown.coloured()
    for run in (2, 3):  # the same again, of which Python hears again
        shown.root.locator(".pm-class", has_text="tea").press("Enter")
        told(page, f"runs {run} frame None hidden \\(4,\\)")
        shown.root.locator(".pm-class[aria-pressed=false]").wait_for(state="detached")
        assert shown.other_than(-1) == before


def test_linked_maps_share_a_selection(page: Any, url: str) -> None:
    shown = opened(page, url + "/?two=1")
    other = Map(page, 1)
    other.drawn()
    assert shown.lasso() == other.selected() > 100


def test_linked_maps_share_pointer_camera_frame_and_one_legend(page: Any, url: str) -> None:
    shown = opened(page, url + "/?two=1&f=5&n=900")
    other = Map(page, 1)
    other.drawn()
    before = other.coloured()
    assert not other.root.locator(".pm-legend, .pm-note").locator("visible=true").count()
    shown.root.locator(".pm-class", has_text="tea").press("Enter")
    assert other.other_than(before) < before
    assert not other.root.locator(".pm-over").evaluate(INKED)
    page.mouse.move(*alone(shown))
    shown.root.locator(".pm-card", has_text="text of 0").wait_for()
    page.wait_for_function(
        "([over, inked]) => eval(inked)(over) > 0",
        arg=[other.root.locator(".pm-over").element_handle(), INKED],
    )
    before = other.coloured()
    for _ in range(8):
        shown.stage.press("+")
    other.other_than(before)
    shown.root.locator(".pm-tool.pm-back").press("Enter")
    other.root.locator(".pm-now", has_text="frame 4/5").wait_for()


def test_few_points_in_view_are_drawn_as_their_pictures(page: Any, url: str) -> None:
    sheets: list[str] = []
    page.on("response", lambda answer: "/points/sheet/" in answer.url and sheets.append(answer.url))
    shown = opened(page, url + "/?n=900&pictures=1")
    over = shown.root.locator(".pm-over").element_handle()
    assert over.evaluate(PAINTED, MAGENTA) == [0, 0] and not sheets
    page.mouse.move(*alone(shown))
    for _ in range(8):
        page.mouse.wheel(0, -240)
    page.wait_for_function(
        "([over, painted, colour]) => Math.min(...eval(painted)(over, colour)) >= 40",
        arg=[over, PAINTED, MAGENTA],
    )  # one picture has 44 pixels
    assert sheets


def test_a_pinned_point_leaves_a_trail(page: Any, url: str) -> None:
    shown = opened(page, url + "/?n=900&f=5")
    over = shown.root.locator(".pm-over")
    assert over.evaluate(PAINTED, MARKED) == [0, 0]
    left, top = alone(shown)
    page.mouse.dblclick(left, top)
    page.wait_for_function(
        "([over, painted, colour, width]) => eval(painted)(over, colour)[0] > width",
        arg=[over.element_handle(), PAINTED, MARKED, 0.25 * shown.stage.bounding_box()["width"]],
    )  # from the common start out to the left
    page.mouse.dblclick(left, top)
    page.wait_for_function(
        "([over, painted, colour]) => eval(painted)(over, colour)[0] < 40",
        arg=[over.element_handle(), PAINTED, MARKED],
    )  # the ring of the open point is left


def test_space_is_turned_and_a_lasso_selects_what_is_seen(page: Any, url: str) -> None:
    shown = opened(page, url + "/?c=3&renderer=webgl")
    shown.draw((0.4, 0.4), (0.7, 0.6))
    selected = shown.lasso()
    assert int(told(page, r"told (\d+) rows")[1]) == selected > 100


def test_a_lost_context_is_bridged_and_comes_back(page: Any, url: str) -> None:
    shown = opened(page, url + "/?renderer=webgl")
    assert shown.root.get_attribute("data-renderer") == "webgl"
    before = shown.coloured()
    assert before > 1000
    canvas = shown.root.locator(".pm-points")
    canvas.evaluate(
        """canvas => {
            window.lost = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
            window.lost.loseContext();
        }"""
    )
    page.locator(".pm-root[data-renderer=processor]").wait_for()
    shown.drawn(shown.drawn() - 1)
    assert shown.coloured() == pytest.approx(before, rel=0.3)
    page.evaluate("window.lost.restoreContext()")
    page.locator(".pm-root[data-renderer=webgl]").wait_for()
    shown.drawn(shown.drawn() - 1)
    page.wait_for_function(
        "([canvas, n, coloured]) => eval(coloured)(canvas) === n",
        arg=[canvas.element_handle(), before, COLOURED],
    )


def test_a_server_without_the_route_sends_the_bytes_in_the_message(page: Any, url: str) -> None:
    page.route(
        "**/points/**", lambda route: route.fulfill(content_type="text/html", body="<html>the page</html>")
    )
    shown = opened(page, url + "/?n=2500")
    selected = shown.lasso()
    assert int(told(page, r"told (\d+) rows")[1]) == selected > 100


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    places = np.random.default_rng(0).normal(size=(4, 2000, 2))
    kinds = classes(np.array(["salt", "rice"])[np.arange(2000) % 2], label="kind")
    spec = PointMap(
        quantise(places), kinds, cards=Cards("f", lambda row: Card(f"text of {row}")), title="A file"
    )
    path = tmp_path_factory.mktemp("file") / "map.html"
    path.write_text(standalone_html(spec), encoding="utf-8")
    return path.as_uri()


def test_one_file_opens_offline_with_its_controls_and_is_saved_as_pictures(page: Any, file: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shown = opened(page, file)
    assert shown.lasso() > 100
    shown.root.locator(".pm-tool.pm-play").press("Enter")
    shown.root.locator(".pm-now", has_text="frame 4/4").wait_for()
    for name, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("film", b"\x1aE\xdf\xa3")):
        shown.root.locator(".pm-saving summary").click()
        with page.expect_download() as saved:
            shown.root.locator(f".pm-{name}").click()
        assert Path(saved.value.path()).read_bytes().startswith(start)
    assert {each.split(":")[0] for each in asked} <= {"file", "data", "blob"}


def test_the_frames_are_saved_as_a_gif(page: Any, file: str) -> None:
    shown = opened(page, file)
    before = shown.root.locator(".pm-now").inner_text()
    shown.root.locator(".pm-saving summary").click()
    with page.expect_download() as saved:
        shown.root.locator(".pm-gif").click()
    assert saved.value.suggested_filename == "a-file.gif"
    with Image.open(saved.value.path()) as film:
        assert film.n_frames == 13  # four frames, three steps of four pictures
        box = shown.stage.bounding_box()
        scale = 720 / max(box["width"], box["height"])
        assert film.size == pytest.approx((box["width"] * scale, box["height"] * scale), abs=1)
        delays, first = [], np.asarray(film.convert("RGB")).astype(int)
        for number in range(film.n_frames):
            film.seek(number)
            last = np.asarray(film.convert("RGB")).astype(int)  # decodes all of it
            delays.append(film.info["duration"])
        assert delays == [*[60] * 12, 1000]  # milliseconds: 0.75 s of play, then a rest
    shown.root.locator(".pm-gif").wait_for(state="hidden")
    functions = script().replace("export default function", "function mount")
    fitting = "text => Function(text + '; return bounded([0, 1, 2, 3, 4, 5, 6], 20000);')()"
    assert page.evaluate(fitting, functions) == [0, 3, 6]  # of 20 s each, in a minute
    assert shown.root.locator(".pm-now").inner_text() == before
    drawn = shown.root.locator(".pm-plain").evaluate("""canvas => {
        const small = document.createElement("canvas");
        [small.width, small.height] = [720, Math.round(canvas.height * 720 / canvas.width)];
        small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
        return Array.from(small.getContext("2d").getImageData(0, 0, small.width, small.height).data);
    }""")
    expected = np.array(drawn).reshape(*last.shape[:2], 4)[..., :3]
    part = np.s_[100:, :]  # below the legend
    assert np.abs(last - expected)[part].mean() < 2 < np.abs(first - expected)[part].mean()


def test_without_webgl_the_processor_draws_and_the_map_says_so(file: str, browser: Any) -> None:
    chromium = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*QUIET, "--disable-software-rasterizer"]
    )
    try:
        page = chromium.new_page()
        shown = opened(page, file)
        assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
        assert shown.root.locator(".pm-note").inner_text().startswith("This browser offers no WebGL2")
        assert shown.coloured() > 1000
        assert shown.lasso() > 100
    finally:
        chromium.close()


def test_colours_of_each_frame_follow_the_frames(page: Any, tmp_path: Path) -> None:
    places = np.tile(np.random.default_rng(0).normal(size=(1, 500, 2)), (2, 1, 1))
    values = np.stack([np.zeros(500), np.ones(500)])
    path = tmp_path / "map.html"
    path.write_text(
        standalone_html(PointMap(quantise(places), colours=ramp(values, label="norm", span=(0, 1))))
    )
    shown = opened(page, path.as_uri())
    now = shown.root.locator(".pm-now")
    brightest = []
    for step in ("frame 2/2", "frame 1/2"):
        if step == "frame 1/2":
            shown.root.locator(".pm-back").press("Enter")
        now.filter(has_text=step).wait_for()
        brightest.append(shown.root.locator(".pm-plain").evaluate(MEAN))
    (red, green, _), (before_red, before_green, blue) = (
        brightest  # viridis ends in yellow and begins in violet
    )
    assert red > 200 and green > 200 and before_red < 120 and before_green < 60 and blue > before_green


def test_contours_lie_over_the_points_of_their_frame_and_are_saved(page: Any, tmp_path: Path) -> None:
    places = quantise(np.tile(np.random.default_rng(0).uniform(-1, 1, size=(1, 400, 2)), (2, 1, 1)))
    low, high = -16_000.0, 16_000.0
    square = np.array([[low, low], [high, low], [high, high], [low, high], [low, low]])
    spec = PointMap(
        places, title="Lines", contours=[Contour([square], "half", "#ff0000", frame=1), Contour([square / 2])]
    )
    path = tmp_path / "map.html"
    path.write_text(standalone_html(spec), encoding="utf-8")
    shown = opened(page, path.as_uri())
    over = shown.root.locator(".pm-over")
    columns = over.evaluate(PAINTED, RED)
    assert over.evaluate(INKED) > 0
    shown.root.locator(".pm-saving summary").click()
    with page.expect_download() as saved:
        shown.root.locator(".pm-svg").click()
    drawing = Path(saved.value.path()).read_text(encoding="utf-8")
    (line,) = re.findall(r'<path d="M([^"]+)" fill="none" stroke="#ff0000"', drawing)
    corners = np.array([[float(part) for part in each.split()] for each in line.split("L")])
    sides = np.ptp(corners, axis=0)
    assert sides == pytest.approx(columns, abs=12)  # the label stands on a corner
    assert sides[0] / sides[1] == pytest.approx(places.step[0] / places.step[1], abs=0.002)
    assert ">half</text>" in drawing
    shown.root.locator(".pm-back").press("Enter")
    shown.root.locator(".pm-now", has_text="frame 1/2").wait_for()
    assert over.evaluate(PAINTED, RED) == [0, 0]
    assert over.evaluate(INKED) > 0


@pytest.mark.parametrize(("renderer", "shown_by"), [("webgl", ".pm-points"), ("processor", ".pm-plain")])
def test_a_moving_view_shows_all_points_where_they_will_rest(
    page: Any, tmp_path: Path, renderer: str, shown_by: str
) -> None:
    places = quantise(np.random.default_rng(0).normal(size=(1_200_000, 2)))
    path = tmp_path / "map.html"
    path.write_text(standalone_html(PointMap(places, renderer=renderer)), encoding="utf-8")  # type: ignore[arg-type]
    shown = opened(page, path.as_uri())
    assert shown.root.get_attribute("data-renderer") == renderer
    found = shown.root.locator(shown_by).evaluate(MOVED)
    assert found["moving"] > 0.999 and found["changed"] > 0.05
    assert found["back"] == 1


def test_without_webgl_the_server_draws_a_million_points(browser: Any, url: str) -> None:
    chromium = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*QUIET, "--disable-software-rasterizer"]
    )
    try:
        page = chromium.new_page()
        asked: list[str] = []
        page.on("response", lambda answer: "/density/" in answer.url and asked.append(str(answer.status)))
        shown = opened(page, url + "/?n=1000000")
        assert "the server draws a picture" in shown.root.locator(".pm-note").inner_text()
        assert asked == ["200"] and shown.root.get_attribute("data-renderer") == "server"
        assert shown.coloured() > 20_000
        selected = shown.lasso()
        learned = told(page, r"told (\d+) rows in (\d+) vertices (\w+)")
        assert int(learned[1]) == selected > 100_000
        shown.drawn(shown.drawn() - 1)
        assert len(asked) > 1  # the others are dimmed by the server, too
        count, before = shown.drawn(), len(asked)
        shown.stage.press("ArrowLeft")
        shown.drawn(count)
        assert len(asked) > before and set(asked) == {"200"}
        count = shown.drawn()
        for _ in range(10):
            shown.stage.press("+")
        count, before = shown.drawn(count), len(asked)
        shown.stage.press("ArrowLeft")
        shown.drawn(count)
        assert len(asked) == before  # few points are in view: drawn one by one here
    finally:
        chromium.close()
