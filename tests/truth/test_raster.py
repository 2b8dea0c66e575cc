"""Files of numbers: what is written is read back to the bit, and nothing else is decoded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from renderer.truth.raster import decode_exr, decode_png, encode_exr, encode_png
from tests.conftest import REPOSITORY

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3), (1, 1)])
def test_round_trips(shape: tuple[int, ...]) -> None:
    floats = RANDOM.normal(0, 1e3, shape).astype(np.float32)
    floats.flat[0] = np.inf
    shorts = RANDOM.integers(0, 65536, shape).astype(np.uint16)
    size = shape[1], shape[0]
    assert np.array_equal(decode_exr(encode_exr(floats), size), floats)
    assert np.array_equal(decode_png(encode_png(shorts), size), shorts)


def test_channels_stand_as_others_read_them(tmp_path) -> None:
    """Pillow reads 16-bit grey; the first of three is red in the header's order."""
    shorts = RANDOM.integers(0, 65536, (4, 6)).astype(np.uint16)
    (tmp_path / "grey.png").write_bytes(encode_png(shorts))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "grey.png")), shorts)
    red = np.zeros((4, 6, 3), np.uint16)
    red[..., 0] = 65535
    (tmp_path / "red.png").write_bytes(encode_png(red))
    assert Image.open(tmp_path / "red.png").convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_bytes_are_the_same_in_another_process() -> None:
    code = (
        "import numpy as np, hashlib; from renderer.truth.raster import *;"
        "v = np.arange(12000, dtype=np.float32).reshape(100, 120) / 7;"
        "print(hashlib.blake2b(encode_exr(v) + encode_png(v)).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
        ).stdout
        for _ in range(2)
    }
    assert len(told) == 1


@pytest.mark.parametrize("cut", [0, 3, 8, 30, 200, 330])
def test_damaged_files_are_one_sentence(cut: int) -> None:
    values = np.ones((20, 30), np.float32)
    for encode, decode in ((encode_exr, decode_exr), (encode_png, decode_png)):
        whole = encode(values)
        with pytest.raises(ValueError, match=r"^it (is|has)"):
            decode(whole[: min(cut, len(whole) - 20)], (30, 20))
        with pytest.raises(ValueError, match="it is 30x20 pixels, and should be 20x30"):
            decode(whole, (20, 30))


def test_a_header_of_terapixels_is_not_decoded() -> None:
    whole = bytearray(encode_exr(np.ones((20, 30), np.float32)))
    at = whole.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    whole[at + 8 : at + 16] = (2**20).to_bytes(4, "little") * 2
    with pytest.raises(ValueError, match="it is 1048577x1048577 pixels"):
        decode_exr(bytes(whole), (30, 20))
