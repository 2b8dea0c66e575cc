"""Luma: how bright a colour is."""

from __future__ import annotations

import numpy as np

# The share of R, G and B in luma, and so in a picture's brightness (ITU-R BT.709).
LUMA = np.array([0.2126, 0.7152, 0.0722])
