"""What there is to say about names and other texts of a segment: they are missing, too long, or shared."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.CHANGE)
def name_cut(length: int, most: int) -> tuple[str, str]:
    """The name is longer than real-time journeys allow."""
    return (
        f"The name has {length} characters and was cut to the {most} that real-time journeys allow.",
        "Rename the segment if the end of the name matters.",
    )


@finding(Severity.CHANGE)
def name_missing() -> tuple[str, str]:
    """The segment has no name."""
    return ("The segment has no name; it is given one made of its id.", "Give it a name that people recognise.")


@finding(Severity.NOTE)
def name_shared(count: int) -> tuple[str, str]:
    """Several segments have the same name."""
    return (
        f"{count} segments have this name. Each is carried over under the same name.",
        "Rename them in real-time journeys so that people can tell them apart; the id in the report does.",
    )


@finding(Severity.CHANGE)
def description_cut(length: int, most: int) -> tuple[str, str]:
    """The description is longer than real-time journeys allow."""
    return (
        f"The description has {length:,} characters and was cut to the {most:,} that real-time journeys allow.",
        "The whole text is in the export folder.",
    )


@finding(Severity.CHANGE)
def creator_cut(length: int, most: int) -> tuple[str, str]:
    """The name of the original creator is longer than real-time journeys allow."""
    return (
        f"The creator's name has {length} characters and was cut to {most}.",
        "Nothing to do; the whole name is in the export folder.",
    )
