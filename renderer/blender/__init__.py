"""The only room with bpy: import models into the cache, build scenes from Shots, capture passes.

Importing this package does not import bpy; its modules do, so that everything else stays quick.
"""
