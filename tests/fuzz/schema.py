"""Draw values from a JSON Schema: mostly valid, at the edges more often than chance would."""

from __future__ import annotations

import random
from typing import Any

Schema = dict[str, Any]

# What files a key may name, by the key's name; the fuzzer puts them beside the recipe.
Files = dict[str, list[str]]
_WORDS = ("a", "box", "ящик", "箱子", "no", "0", "<b>", "x" * 60, "two words", "é", "😀")


class Drawer:
    """Draws from one schema document with one source of chance."""

    def __init__(self, document: Schema, chance: random.Random, files: Files) -> None:
        """Take the document whose ``$defs`` references are looked up in."""
        self._document = document
        self._chance = chance
        self._files = files

    def draw(self, schema: Schema, key: str = "", depth: int = 0) -> Any:
        """Return a value for a schema, of a key by that name."""
        chance = self._chance
        if "$ref" in schema:
            return self.draw(self._document["$defs"][schema["$ref"].split("/")[-1]], key, depth)
        if key in self._files and chance.random() < 0.97:
            return chance.choice(self._files[key])
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                options = schema[several]
                if depth > 4:  # towards constants, or distributions of distributions never end
                    options = [each for each in options if "$ref" not in each] or options
                return self.draw(chance.choice(options), key, depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return chance.choice(schema["enum"])
        return getattr(self, f"_{schema.get('type', 'string')}")(schema, key, depth)

    def _object(self, schema: Schema, _key: str, depth: int) -> dict[str, Any]:
        needed, properties = set(schema.get("required", ())), schema.get("properties", {})
        share = 0.5 / (1 + depth)
        return {
            name: self.draw(inner, name, depth + 1)
            for name, inner in properties.items()
            if name in needed or self._chance.random() < share
        }

    def _array(self, schema: Schema, key: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            items = [self.draw(each, key, depth + 1) for each in schema["prefixItems"]]
            numbers = [each for each in items if isinstance(each, int | float)]
            if len(numbers) == len(items) == 2 and self._chance.random() < 0.9:
                items.sort()  # ranges are, most of the time
            return items
        low = schema.get("minItems", 0)
        count = self._chance.randint(low, max(low, min(schema.get("maxItems", 3), 3)))
        return [self.draw(schema.get("items", {}), key, depth + 1) for _ in range(count)]

    def _number(self, schema: Schema, _key: str, _depth: int) -> float:
        chance = self._chance
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1e3))
        high = schema.get("maximum", schema.get("exclusiveMaximum", 1e3))
        way = chance.random()
        if way < 0.1:
            return float(low)
        if way < 0.2:
            return float(high)
        if way < 0.25:
            return float(chance.choice((0.0, -1.0, 1e-9, 1e-4, 1e7, 1e300, -0.0)))
        if way < 0.4:
            return float(chance.choice((0.5, 1.0, 2.0, 10.0, 45.0)))
        return chance.uniform(low, min(high, low + 100))

    def _integer(self, schema: Schema, key: str, depth: int) -> int:
        return round(self._number(schema, key, depth))

    def _boolean(self, _schema: Schema, _key: str, _depth: int) -> bool:
        return self._chance.random() < 0.5

    def _string(self, _schema: Schema, _key: str, _depth: int) -> str:
        return self._chance.choice(_WORDS)

    def _null(self, _schema: Schema, _key: str, _depth: int) -> None:
        return None
