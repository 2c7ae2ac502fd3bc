"""How the sandbox says no: the error shape of the Web API, and the codes that it uses."""

from __future__ import annotations

from typing import Any

from migrator.product.codes import ERROR_DUPLICATE_KEY, ERROR_RECORD_NOT_FOUND, ERROR_RESOURCE_NOT_FOUND


class Refusal(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.extra = status, code, message, extra

    @property
    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"error": {"code": self.code, "message": self.message}, **self.extra}


INVALID_ARGUMENT = "0x80040203"
VALIDATION = "0x80040265"
LENGTH_EXCEEDED = "0x80044331"
UNKNOWN_PROPERTY = "0x80060888"
PAYLOAD = "0x80048d19"
PRECONDITION = "0x80060882"


def bad_request(message: str, code: str = VALIDATION, **extra: Any) -> Refusal:
    """400: the request is understood and refused.

    Args:
        message: in the product's words.
        code: its error code.
        **extra: what else the answer's body holds.
    """
    return Refusal(400, code, message, **extra)


def no_resource(name: str) -> Refusal:
    """404: there is no such table, function or action (the product's own wording)."""
    return Refusal(404, ERROR_RESOURCE_NOT_FOUND, f"Resource not found for the segment '{name}'.")


def unrecognised_path(name: str) -> Refusal:
    """404: the same, as the part that reads addresses says it (seen; the code is also that of an unknown column)."""
    kind = "Microsoft.OData.UriParser.ODataUnrecognizedPathException"
    return Refusal(404, UNKNOWN_PROPERTY, f"URL was not parsed due to an {kind}. Resource not found: '{name}'.")


def no_record(table: str, key: str) -> Refusal:
    """404: there is no such row."""
    return Refusal(404, ERROR_RECORD_NOT_FOUND, f"Entity '{table}' With Id = {key} Does Not Exist")


def duplicate_key(table: str, key: str) -> Refusal:
    """412: a row with this primary key exists."""
    return Refusal(
        412, ERROR_DUPLICATE_KEY, f"A record with matching key values already exists. Entity: {table}, Id: {key}"
    )


def unknown_property(name: str, table: str) -> Refusal:
    """400: a query option names a column that the table does not have."""
    message = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
    return bad_request(message, UNKNOWN_PROPERTY)
