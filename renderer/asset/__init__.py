"""What is known of a model without Blender: facts, geometry, and the content-addressed cache."""

from renderer.asset.cache import BLEND, FACTS, GEOMETRY, AssetCache, default_cache_folder
from renderer.asset.deform import Deform
from renderer.asset.facts import ALPHA_THRESHOLD, AssetError, AssetFacts, Matrix4
from renderer.asset.geometry import Cutout, Geometry, Step
from renderer.asset.source import AssetSource, Dependencies, content_digest

__all__ = [
    "ALPHA_THRESHOLD",
    "BLEND",
    "FACTS",
    "GEOMETRY",
    "AssetCache",
    "AssetError",
    "AssetFacts",
    "AssetSource",
    "Cutout",
    "Deform",
    "Dependencies",
    "Geometry",
    "Matrix4",
    "Step",
    "content_digest",
    "default_cache_folder",
]
