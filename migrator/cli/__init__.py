"""The front door: what is typed and what is printed. No decisions are made here."""

import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C while the program itself is still read ends with a sentence, too."""
    try:
        if hasattr(signal, "SIGTERM"):  # whoever stops a service or a container means what Ctrl-C means
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        from migrator.cli.app import main as carry_out

        carry_out()
    except KeyboardInterrupt:
        sys.stderr.write("Error: Interrupted. What was done is kept; repeat the command to go on.\n")
        raise SystemExit(130) from None
