"""Plans and a small rendered set as they were: what a change of the code may not change unsaid.

``python -m tests.golden`` writes them anew, for a change that is meant.
"""
