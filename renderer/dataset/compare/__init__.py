"""Compare a dataset with a real one: what differs, by how much, and which recipe key to move.

``comparison.compare`` is all of it; what it finds is shown by ``page``, and ``recipe_text`` writes
the recipe with the values that ``advice`` names.
"""

from __future__ import annotations
