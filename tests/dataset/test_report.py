"""The report: what its gallery can show, that it needs neither network nor script, and its size."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.dataset.layout import Layout
from renderer.dataset.report import write_report
from renderer.dataset.report.layers import DrawnLayers
from renderer.registry import LABEL_KINDS
from renderer.truth.kind import LabelKind
from renderer.truth.stored_labels import StoredLabels
from tests.dataset.test_panels import mapped as mapped

STAGES = {"depth": "maps", "mask": "masks", "pose": "pose", "amodal": "boxes", "box": "boxes"}
VOID = {"meta", "input", "img", "link", "br"}


class Page(HTMLParser):
    """Every element with its attributes; ends with an error where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def all(self, tag: str, **attributes: str) -> list[dict[str, Any]]:
        return [
            found
            for name, found in self.elements
            if name == tag and attributes.items() <= found.items()
        ]


@pytest.fixture(scope="module")
def page(mapped: Layout) -> str:
    return write_report(mapped).read_text(encoding="utf-8")


def decoded(uri: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_each_kind_can_be_shown_without_a_script(page: str) -> None:
    """Views exclude each other, layers do not; a rule of CSS stands for each."""
    found = Page(page)
    views = [each["id"] for each in found.all("input", type="radio", name="view")]
    assert views == ["show-picture", "show-depth"]
    layers = [each["id"] for each in found.all("input", type="checkbox")]
    assert layers == ["show-box", "show-mask", "show-amodal", "show-pose"]
    shown = [each["id"] for each in found.all("input") if "checked" in each]
    assert shown == ["show-picture", "show-box"]
    for name in ("depth", "box", "mask", "amodal", "pose"):
        assert f"body:has(#show-{name}:checked)" in page
    assert "data-of" not in page.partition("<script>")[2]


def test_maps_lie_below_what_is_drawn_over_them(page: str) -> None:
    for svg in re.findall(r'<svg class="over".*?</svg>', page, re.DOTALL):
        order = re.findall(r'data-of="(\w+)"', svg)
        stages = [STAGES[each] for each in order]
        expected = ["maps", "masks", "pose", "boxes"]
        assert stages == sorted(stages, key=expected.index)


def test_a_view_is_the_map_and_a_layer_is_clear_where_nothing_is_drawn(page: str) -> None:
    found = Page(page)
    (first, *_) = [decoded(each["href"]) for each in found.all("image", **{"data-of": "depth"})]
    assert first.shape == (48, 64, 3)
    assert first[24, 16][0] > 100 > first[24, 16][2]  # near: red
    assert first[24, 48][2] > 100 > first[24, 48][0]  # far: blue
    poses = [decoded(each["href"]) for each in found.all("image", **{"data-of": "pose"})]
    assert len(poses) == 6  # not of the image without objects
    for pose in poses:
        assert pose.shape == (420, 560, 4)
        assert set(np.unique(pose[..., 3])) == {0, 255}
        assert 0 < (pose[..., 3] > 0).mean() < 0.1


def test_nothing_is_fetched(page: str) -> None:
    found = Page(page)
    for tag, key in (("img", "src"), ("image", "href"), ("script", "src"), ("link", "href")):
        for each in found.all(tag):
            assert key not in each or each[key].startswith("data:image/")
    assert not re.search(r"url\((?!#)|@import|fetch\(|https?://(?!www\.w3\.org)", page)


def test_same_bytes_every_time(mapped: Layout, page: str) -> None:
    assert write_report(mapped).read_text(encoding="utf-8") == page


class Noise(LabelKind):
    """Stands for a kind whose drawing is as large as can be."""

    name = "noise"

    def make(self, truth: Any, config: Any) -> Any:
        raise NotImplementedError

    def draw(self, canvas: Any, stored: StoredLabels) -> None:
        """Noise, of a colour a pixel."""
        size = (canvas.picture.height, canvas.picture.width, 3)
        noise = np.random.default_rng(0).integers(0, 256, size, np.uint8)
        canvas.picture = Image.fromarray(noise)


def layers_of(kinds: int, monkeypatch: pytest.MonkeyPatch, most: int) -> DrawnLayers:
    names = [f"noise{at}" for at in range(kinds)]
    noise = Noise()
    monkeypatch.setattr(LABEL_KINDS, "names", lambda: tuple(names))
    monkeypatch.setattr(LABEL_KINDS, "get", lambda name: noise)
    return DrawnLayers(names, most)


def test_what_is_drawn_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first images have all of it, and those for which nothing is left none."""
    most = 2_000_000
    layers = layers_of(1, monkeypatch, most)
    stored = StoredLabels({"files": {}, "file_name": "a"}, [], (640, 480))
    drawn = [layers.draw(stored, Image.new("RGB", (640, 480))) for _ in range(6)]
    sizes = [sum(map(len, each.layers.values())) for each in drawn]
    assert sum(sizes) <= most
    assert [size > 0 for size in sizes] == sorted((size > 0 for size in sizes), reverse=True)
    assert sizes[0] > 0 == sizes[-1]


def test_many_kinds_are_drawn_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = StoredLabels({"files": {}, "file_name": "a"}, [], (640, 480))
    widths = []
    for kinds in (1, 8, 20):
        layers = layers_of(kinds, monkeypatch, 10**9)
        drawn = layers.draw(stored, Image.new("RGB", (640, 480)))
        widths.append(decoded(drawn.layers["noise0"]).shape[1])
        assert len(drawn.layers) == kinds
    assert widths == [560, 400, 280]


def test_a_dataset_without_maps_has_no_views(crowd: Path) -> None:
    page = Page((crowd / "report.html").read_text(encoding="utf-8"))
    assert not page.all("input", type="radio")
    assert [each["id"] for each in page.all("input")] == [
        "show-box",
        "show-mask",
        "show-amodal",
        "show-pose",
    ]
