"""Compare a dataset with a real one: what differs, by how much, and which recipe key to move.

``compare`` is all of it; what it finds is a ``Comparison``, which ``page`` shows and ``fit`` acts on.
"""

from __future__ import annotations
