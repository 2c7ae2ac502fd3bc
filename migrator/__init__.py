"""Moves marketing segments from outbound marketing to real-time journeys, and proves who is in them."""

__version__ = "0.1.0"
