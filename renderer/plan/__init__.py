"""Recipe + asset facts + index → Shot: every decision of an image, before any rendering."""

from renderer.plan.planner import PlanError, Planner
from renderer.plan.sources import asset_sources
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot

__all__ = ["Instance", "PlanError", "Planner", "Shot", "asset_sources"]
