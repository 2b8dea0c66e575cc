"""Objects dropped as rigid bodies: into a pile, into a bin, onto each other."""

from renderer.plan.drop.container import container_sources
from renderer.plan.drop.dropping import drop_objects

__all__ = ["container_sources", "drop_objects"]
