"""The front door: what is typed and what is printed. No decisions are made here."""

from migrator.cli.app import main

__all__ = ["main"]
