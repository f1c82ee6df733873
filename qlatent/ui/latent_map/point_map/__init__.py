"""The point map: a component that shows up to a million points, selects by lasso and plays frames in the browser.

`docs/point-map.md` describes it, also for use outside the app.
"""

from qlatent.ui.latent_map.point_map.colouring import Classes, Ramp, classes, filled, ramp, ranked
from qlatent.ui.latent_map.point_map.events import Clicked, Lasso, PointMapEvent
from qlatent.ui.latent_map.point_map.mounting import point_map
from qlatent.ui.latent_map.point_map.spec import Card, Cards, Contour, PointMap
from qlatent.ui.latent_map.point_map.standalone import standalone_html

__all__ = [
    "Card", "Cards", "Classes", "Clicked", "Contour", "Lasso", "PointMap", "PointMapEvent", "Ramp", "classes",
    "filled", "point_map", "ramp", "ranked", "standalone_html",
]  # fmt: skip
