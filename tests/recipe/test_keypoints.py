"""Keypoint files: what they say, and one located sentence for each mistake in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.asset import AssetError, AssetSource
from renderer.recipe.keypoints import keypoints_of

GOOD = """\
points:
  rim_left: [-0.04, 0, 0.1]
  rim_right: [0.04, 0, 0.1]
  core: {at: [0, 0, 0.05], inside_m: 0.04}
skeleton:
  - [rim_left, core]
  - [core, rim_right]
flips:
  - [rim_left, rim_right]
"""
MARKS = {"tip": (0.0, 0.0, 1.0), "foot": (0.0, 0.0, 0.0)}


def source(tmp_path: Path, text: str | None, **how: str) -> AssetSource:
    if text is not None:
        (tmp_path / "mug.keypoints.yaml").write_text(text, encoding="utf-8")
    return AssetSource(tmp_path / "mug.glb", **how)


def test_points_lines_and_flips_are_read(tmp_path: Path) -> None:
    found, warnings = keypoints_of(source(tmp_path, GOOD), {})
    assert found is not None
    assert found.named.names == ("rim_left", "rim_right", "core")
    assert found.named.skeleton == ((0, 2), (2, 1))
    assert found.named.flips == (1, 0, 2)
    assert found.positions == ((-0.04, 0, 0.1), (0.04, 0, 0.1), (0, 0, 0.05))
    assert found.inside_m == (0, 0, 0.04)
    assert warnings == []


def test_marks_in_the_model_stand_in_for_points(tmp_path: Path) -> None:
    assert keypoints_of(source(tmp_path, None), {}) == (None, [])
    found, _ = keypoints_of(source(tmp_path, None), MARKS)
    assert found is not None
    assert (found.named.names, found.positions) == (
        ("foot", "tip"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    )
    found, warnings = keypoints_of(source(tmp_path, "skeleton: [[tip, foot]]"), MARKS)
    assert found is not None
    assert (found.named.skeleton, warnings) == (((1, 0),), [])
    found, warnings = keypoints_of(source(tmp_path, GOOD), MARKS)
    assert found is not None
    assert found.named.names[0] == "rim_left"
    assert warnings == [
        "has points marked in it, which are not used: mug.keypoints.yaml gives points"
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ("[rim_left, core]", "[rim_left, cor]", "6:16: skeleton[0][1]", "there is no point 'cor'"),
        ("[core, rim_right]", "[core, core]", "7:12: skeleton[1][1]", "paired with itself"),
        ("- [rim_left, rim_right]", "- [rim_left]", "9:5: flips[0]", ""),
        (
            "- [rim_left, rim_right]",
            "- [rim_left, rim_right]\n  - [core, rim_left]",
            "10:12: flips[1][1]",
            "a second time",
        ),
        ("-0.04, 0, 0.1", ".nan, 0, 0.1", "2:14: points.rim_left[0]", "finite"),
        ("-0.04, 0, 0.1", "'-0.04', 0, 0.1", "2:14: points.rim_left[0]", "take away the quotes"),
        ("-0.04, 0, 0.1", "-0.04, 0", "2:13: points.rim_left", ""),
        ("-0.04, 0, 0.1", "010, 0, 0.1", "2:14: points.rim_left[0]", "octal"),
        ("inside_m: 0.04", "inside: 0.04", "4:28: points.core.inside", "did you mean `inside_m`"),
        ("inside_m: 0.04", "inside_m: -1", "4:38: points.core.inside_m", "-1"),
        ("rim_right: [0.04", "rim_left: [0.04", "3:3", "a second time"),
        ("flips:", "flip:", "8:1: flip", "did you mean `flips`"),
        ("points:", "points: {}\nspots:", "2:1: spots", ""),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, old: str, new: str, where: str, said: str) -> None:
    assert old in GOOD
    given = source(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(AssetError) as caught:
        keypoints_of(given, {})
    text = str(caught.value)
    assert text.startswith(f"{given.path} has wrong keypoints: ")
    assert f"mug.keypoints.yaml:{where}" in text
    assert said in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- 1", "a keypoint file is a mapping of keys such as points, skeleton and flips"),
        ("points: [", "not valid YAML"),
        ("skeleton: []", "points: there is no point, neither here nor marked in the model"),
    ],
)
def test_what_is_no_keypoint_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AssetError, match=said):
        keypoints_of(source(tmp_path, text), {})


def test_points_are_of_the_model_as_it_is_read(tmp_path: Path) -> None:
    """Read with another unit or turned another way, they would lie elsewhere."""
    with pytest.raises(AssetError, match="of the model read with no unit, and here it is read wi"):
        keypoints_of(source(tmp_path, GOOD, unit="mm"), {})
    text = GOOD + "read_as: {unit: mm, up_axis: z}\n"
    found, _ = keypoints_of(source(tmp_path, text, unit="mm", up_axis="z"), {})
    assert found is not None
    with pytest.raises(AssetError, match=r"10:30: read_as.up_axis: .* with up_axis: z, and here"):
        keypoints_of(source(tmp_path, text, unit="mm"), {})
    # Marks are in the model itself: they follow how it is read.
    found, _ = keypoints_of(source(tmp_path, "skeleton: [[tip, foot]]", unit="mm"), MARKS)
    assert found is not None
