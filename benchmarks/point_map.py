"""Measure the point map in Chromium: bytes, first full picture, moving, playing, lasso, against its peers.

    python benchmarks/point_map.py [--out FILE] [--repetitions N] [--points N] [--regl FOLDER] [--only PART …]

Every page is a file with the same points in it. CPU seconds are those of all processes of one Chromium, so that busy
cores change them little; sides take turns. Without a graphics card WebGL2 is emulated (SwiftShader), as the table says;
`ours` then draws by the processor, `ours, WebGL2` is made to use the emulation. The peers are Plotly's scattergl and,
where --regl names a folder with `regl-scatterplot.min.js`, `regl.min.js` and `pub-sub-es.js` (its `index.js`) from
`npm pack`, regl-scatterplot.
Goals: ≤ 6 MB sent for a million points; first full picture ≥ 5 × less CPU than Plotly's and ≥ 1.5 × less than
regl-scatterplot's; ≤ 30 ms CPU a moving frame and ≤ 1.5 s to the full picture after it; 60 frames × 20,000 items × 2
modalities at ≤ 60 ms CPU a frame and ≥ 5 × Plotly's frames; a lasso of 300,000 in ≤ 30 ms CPU, told in ≤ 2 KB.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import psutil
from playwright.sync_api import TimeoutError, sync_playwright

from qlatent.layout.lasso import inside
from qlatent.layout.quantised import Quantised, quantise
from qlatent.provenance import made_by
from qlatent.ui.latent_map.point_map import PointMap, message, ramp, standalone_html

FRAMES, ITEMS = 60, 20_000
PATIENCE = 60_000  # milliseconds; Plotly on two busy cores
MOVES = {"ours": 60, "ours, WebGL2": 12, "plotly": 2, "regl": 3}
PAGE = """<!doctype html><meta charset="utf-8"><div id="map" style="width:1100px;height:560px"></div>
<canvas id="canvas" style="width:1100px;height:560px"></canvas><script>{libraries}</script><script>
const bytes = text => { const letters = atob(text), found = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) found[i] = letters.charCodeAt(i); return found; };
const places = new Int16Array(bytes("{places}").buffer), colours = bytes("{colours}");
const n = {points}, settled = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
{script}
</script>"""
PLOTLY = """
const axis = (frame, i) => Float32Array.from({length: n}, (_, row) => places[(frame * n + row) * 2 + i]);
const marker = {size: n > 100000 ? 2 : 4, color: colours, colorscale: "Viridis", opacity: 0.5};
const whole = {range: [-33000, 33000]};
const still = {width: 1100, height: 560, hovermode: false, xaxis: whole, yaxis: whole};
Plotly.newPlot("map", [{type: "scattergl", mode: "markers", x: axis(0, 0), y: axis(0, 1), marker}], still)
  .then(settled).then(() => (window.drawn = true));
window.move = async count => { for (let i = 0; i < count; i++) {
  await Plotly.relayout("map", {"xaxis.range": [-33000 + 300 * i, 33000 + 300 * i]}); await settled(); } };
window.play = async count => { for (let i = 0; i < count; i++) {
  await Plotly.restyle("map", {x: [axis(i, 0)], y: [axis(i, 1)]}); await settled(); } return count; };
"""
REGL = """
const canvas = document.getElementById("canvas");
const plot = createScatterplot.default({canvas, width: 1100, height: 560, pointSize: 2, opacity: 0.5,
  spatialIndexUseWorker: false, colorBy: "valueA", pointColor: ["#440154", "#31688e", "#35b779", "#fde725"]});
const scaled = i => Float32Array.from({length: n}, (_, row) => places[row * 2 + i] / 33000);
plot.draw({x: scaled(0), y: scaled(1), z: Float32Array.from(colours, code => code / 255)})
  .then(settled).then(() => (window.drawn = true));
window.move = async count => { for (let i = 0; i < count; i++) {
  await plot.zoomToLocation([0.01 * i, 0], 1, {transition: false}); await settled(); } };
"""
OURS = """
const root = document.querySelector(".pm-root"), stage = root.querySelector(".pm-stage");
const box = stage.getBoundingClientRect();
const copy = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d");
window.read = () => { // an emulated graphics card has drawn when its picture can be read
  copy.drawImage(root.querySelector(root.dataset.renderer === "webgl" ? ".pm-points" : ".pm-plain"), 0, 0);
  copy.getImageData(0, 0, 1, 1); };
window.move = async count => { for (let i = 0; i < count; i++) {
  const at = {clientX: box.left + 400, clientY: box.top + 200};
  stage.dispatchEvent(new WheelEvent("wheel", {deltaY: i % 2 ? 40 : -40, cancelable: true, ...at}));
  await new Promise(requestAnimationFrame); } };
window.full = async () => { const before = root.dataset.drawn; await window.move(1);
  while (root.dataset.drawn === before) await new Promise(done => setTimeout(done, 20));
  window.read(); };
window.play = async () => { let frames = 0, on = true;
  const count = () => { frames++; if (on) requestAnimationFrame(count); };
  root.querySelector(".pm-speed").value = "4"; root.querySelector(".pm-play").click(); requestAnimationFrame(count);
  while (root.querySelector(".pm-play").title === "Pause") await new Promise(done => setTimeout(done, 50));
  on = false; return frames; };
"""


def clouds(points: int, frames: int = 1) -> Quantised:
    """Twelve clouds in a plane, in frames that drift apart."""
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(12, 2)) * 4
    ends = centres[draw.integers(0, 12, points)] + draw.normal(size=(points, 2))
    return quantise(
        np.stack([ends * (0.3 + 0.7 * share) for share in np.linspace(1, 0, frames)]).astype(np.float32)
    )


def page_of(script: str, libraries: str, places: Quantised, codes: np.ndarray) -> str:
    """A peer's page, with the same bytes as ours."""
    encoded = [base64.b64encode(each.tobytes()).decode() for each in (places.values, codes)]
    found = PAGE.replace("{libraries}", libraries).replace("{script}", script)
    found = found.replace("{places}", encoded[0]).replace("{colours}", encoded[1])
    return found.replace("{points}", str(places.values.shape[1]))


def pages(spec: PointMap, regl: Path | None) -> dict[str, str]:
    """The HTML of each side."""
    assert spec.colours is not None
    codes, bundle = spec.colours.codes, Path(plotly.__file__).parent / "package_data/plotly.min.js"
    found = {
        "ours": standalone_html(spec),
        "ours, WebGL2": standalone_html(replace(spec, renderer="webgl")),
        "plotly": page_of(PLOTLY, bundle.read_text(encoding="utf-8"), spec.positions, codes),  # type: ignore[arg-type]
    }
    if regl is not None and spec.frames == 1:
        texts = [
            (regl / name).read_text(encoding="utf-8")
            for name in ("pub-sub-es.js", "regl.min.js", "regl-scatterplot.min.js")
        ]
        hub = re.sub(r"^export.*$", "", texts[0], flags=re.MULTILINE)  # a module; made a part of a script
        hub = f"{{{hub}; window.createPubSub = createPubSub; }}"
        libraries = f"{hub}{texts[1]};\nwindow.createREGL = createREGL;{texts[2]}"
        found["regl"] = page_of(REGL, libraries, spec.positions, codes)  # type: ignore[arg-type]
    return found


class Browser:
    """Chromium, and the CPU seconds of all its processes."""

    def __init__(self, playwright: Any) -> None:
        options = [
            "--no-sandbox",
            "--disable-gpu",
            "--enable-unsafe-swiftshader",
            "--disable-dev-shm-usage",
        ]
        self.seen: dict[tuple[int, float], float] = {}  # also of processes that ended meanwhile
        self.chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)

    def cpu(self) -> float:
        """CPU seconds so far."""
        for each in psutil.Process().children(recursive=True):
            try:
                if "chrom" in each.name():
                    times = each.cpu_times()
                    self.seen[each.pid, each.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        return sum(self.seen.values())

    def spent(self, call: Callable[[], Any]) -> tuple[float, float, Any]:
        """CPU seconds and seconds of a call, and its result."""
        cpu, begin = self.cpu(), time.perf_counter()
        result = call()
        return self.cpu() - cpu, time.perf_counter() - begin, result


def drawn(page: Any, side: str) -> None:
    """Wait for the first full picture."""
    if side.startswith("ours"):
        page.wait_for_selector(".pm-root[data-drawn]", timeout=PATIENCE)
        page.evaluate(OURS)
        page.evaluate("window.read()")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    else:
        page.wait_for_function("window.drawn", timeout=PATIENCE)


def still(browser: Browser, side: str, path: Path) -> dict[str, float]:
    """First picture, moving frames and the full picture after them, of one side."""
    page = browser.chromium.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto("about:blank")
    first = browser.spent(lambda: (page.goto(path.as_uri(), wait_until="commit"), drawn(page, side)))
    if side.startswith("ours"):
        page.wait_for_timeout(1000)
    count = MOVES[side]
    moving = browser.spent(lambda: page.evaluate("count => window.move(count)", count))
    found = {
        "first_cpu": first[0],
        "first_wall": first[1],
        "move_cpu": moving[0] / count,
        "move_wall": moving[1] / count,
    }
    if side.startswith("ours"):
        page.wait_for_timeout(2000)  # until the full picture after the moves is drawn
        found["full_cpu"] = browser.spent(lambda: page.evaluate("window.full()"))[0]
    page.close()
    return found


def playing(browser: Browser, side: str, path: Path) -> dict[str, float]:
    """CPU a frame and frames a second while 60 frames play."""
    page = browser.chromium.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(path.as_uri())
    drawn(page, side)
    page.wait_for_timeout(1000)
    cpu, wall, frames = browser.spent(lambda: page.evaluate("window.play(12)"))
    page.close()
    return {"play_cpu": cpu / frames, "frames_a_second": frames / wall}


def lassoed(places: Quantised, repetitions: int) -> dict[str, Any]:
    """CPU milliseconds of finding the rows of a lasso of 256 vertices, and the bytes that tell it."""
    angle = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    reach = 1 + 0.15 * np.sin(9 * angle)
    middle = np.median(places.values[0], axis=0)
    sizes = [
        (scale, inside(places.values[0], _ring(middle, scale, angle, reach)).mean())
        for scale in range(4000, 20000, 500)
    ]
    scale = min(sizes, key=lambda each: abs(each[1] - 0.3))[0]
    polygon = _ring(middle, scale, angle, reach)
    spent = []
    for _ in range(repetitions):
        begin = time.process_time()
        rows = np.flatnonzero(inside(places.values[0], polygon))
        spent.append((time.process_time() - begin) * 1000)
    packed = base64.b64encode(polygon.astype("<i2").tobytes()).decode()
    told = json.dumps({"polygon": packed, "frame": 0, "mode": "replace", "matrix": None, "axes": 2})
    return {"lasso_cpu_ms": spent, "lasso_rows": len(rows), "lasso_bytes": len(told)}


def _ring(middle: np.ndarray, scale: float, angle: np.ndarray, reach: np.ndarray) -> np.ndarray:
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (scale * reach)[:, None]
    return np.clip(middle + around, -32768, 32767).astype(np.int16)


def measured(
    arguments: argparse.Namespace, folder: Path, keep: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """All figures: side → name → one value per turn; `keep` gets them after each."""
    spec = PointMap(clouds(arguments.points), ramp(np.arange(float(arguments.points)), label="row"))
    _, blobs = message.describe(spec)
    found: dict[str, Any] = {"sent_bytes": sum(each.nbytes for each in blobs.values())}
    found |= lassoed(spec.positions, 15)  # type: ignore[arg-type]
    moving = PointMap(clouds(2 * ITEMS, FRAMES), ramp(np.arange(2.0 * ITEMS), label="row"), frame=0)
    works = {"still": (spec, still), "play": (moving, playing)}
    with sync_playwright() as playwright:
        browser = Browser(playwright)
        probe = browser.chromium.new_page()
        found["webgl"] = (
            probe.evaluate("""() => { const gl = document.createElement("canvas").getContext("webgl2");
            return gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info").UNMASKED_RENDERER_WEBGL); }""")
        )
        found["chromium"] = browser.chromium.version
        for part in arguments.only:
            what, work = works[part]
            files = {
                side: folder / f"{part}-{number}.html"
                for number, side in enumerate(pages(what, arguments.regl))
            }
            for path, text in zip(files.values(), pages(what, arguments.regl).values(), strict=True):
                path.write_text(text, encoding="utf-8")
            for _ in range(arguments.repetitions):
                for side, path in files.items():
                    print(f"{part}: {side}", flush=True)
                    try:
                        values = work(browser, side, path)
                    except TimeoutError:
                        found.setdefault("not_in_time", []).append(f"{part}: {side}")
                        continue
                    for name, value in values.items():
                        found.setdefault("sides", {}).setdefault(side, {}).setdefault(name, []).append(value)
                    keep(found)
        browser.chromium.close()
    return found


def table(found: dict[str, Any]) -> None:
    """Print medians, with least and largest."""
    print(f"Chromium {found['chromium']}, WebGL2 by {found['webgl']}")
    lasso = statistics.median(found["lasso_cpu_ms"])
    print(
        f"sent {found['sent_bytes'] / 1e6:.2f} MB · lasso of {found['lasso_rows']:,}: "
        f"{lasso:.1f} ms CPU, {found['lasso_bytes']:,} bytes"
    )
    for each in found.get("not_in_time", []):
        print(f"not within {PATIENCE // 1000} s: {each}")
    for side, names in found.get("sides", {}).items():
        for name, values in names.items():
            scale, unit = (1000, "ms") if name.endswith(("cpu", "wall")) else (1, "")
            middle = statistics.median(values) * scale
            print(
                f"{side:14} {name:16} {middle:10.1f} {unit} ({min(values) * scale:.1f}–{max(values) * scale:.1f})"
            )


def main() -> None:
    """Measure, print the table and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--regl", type=Path)
    parser.add_argument("--only", nargs="+", choices=("still", "play"), default=("still", "play"))
    arguments = parser.parse_args()

    def keep(found: dict[str, Any]) -> None:
        if arguments.out:
            text = json.dumps(found | {"made_by": made_by()}, indent=1)
            arguments.out.write_text(text + "\n", encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        found = measured(arguments, Path(folder), keep)
    table(found)
    keep(found)


if __name__ == "__main__":
    main()
