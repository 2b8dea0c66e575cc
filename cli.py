"""Launcher: ``python cli.py ...`` is ``orbitset ...``."""

from renderer.commands.app import main

if __name__ == "__main__":
    main()
