"""What the identity platform's refusals mean, as a table: its code → what happened and what cures it.

The codes are those of Microsoft's page *Microsoft Entra authentication and authorization error codes*; only those that
this tool's ways of signing in can meet. Of the platform's own text the code and its first line are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from migrator.base.server_text import sanitised
from migrator.dataverse.errors import SignInFailed

_CODE = re.compile(r"AADSTS(\d+)")

_OTHER_WAYS = "Sign in another way: --sign-in browser, or --sign-in azure-cli after az login."

CURES: Mapping[int, tuple[str, str]] = {
    50034: ("the tenant knows no such user", "Check the address that you signed in with, and AZURE_TENANT_ID."),
    50053: ("the user is locked after too many tries", "Wait, or ask an administrator to unlock the user."),
    50055: ("the password has expired", "Change it at https://myaccount.microsoft.com, then repeat the command."),
    50057: ("the user is disabled in the tenant", "Ask an administrator to enable the user, or sign in as another."),
    50059: ("nothing says which tenant it is", "Set AZURE_TENANT_ID to the tenant's id."),
    50076: ("the tenant asks for a second factor", f"It cannot be given this way. {_OTHER_WAYS}"),
    50079: (
        "the user has to set up a second factor first",
        "Do so at https://aka.ms/mfasetup, then repeat the command.",
    ),
    50105: (
        "the user is not assigned to the application",
        "Ask an administrator to assign the user to it under Enterprise applications.",
    ),
    50126: ("user name or password is wrong", "Repeat the command and type them again."),
    50158: ("the tenant asks for more than this way can show", _OTHER_WAYS),
    50173: ("what was kept of the sign-in is no longer valid", "Sign in again with: migrator login"),
    53000: ("the tenant lets in managed devices only", "Sign in from a device that your organisation manages."),
    53001: ("the tenant lets in joined devices only", "Sign in from a device that is joined to your organisation."),
    53003: (
        "a Conditional Access rule of the tenant blocks this way of signing in",
        f"Device codes are often blocked. {_OTHER_WAYS}",
    ),
    65001: (
        "nobody has consented to the application yet",
        "Ask an administrator to consent to it for the tenant, or set AZURE_CLIENT_ID to one that has consent.",
    ),
    70011: ("the scope is not valid for this application", "Check the organisation's address."),
    70043: ("what was kept of the sign-in has ended", "Sign in again with: migrator login"),
    700016: (
        "the tenant knows no application with this id",
        "Check AZURE_CLIENT_ID and AZURE_TENANT_ID: the application has to be registered in that tenant, or added.",
    ),
    700027: (
        "the application does not know this certificate",
        "Upload its public part under Certificates & secrets of the application.",
    ),
    700082: ("what was kept of the sign-in has ended", "Sign in again with: migrator login"),
    7000112: ("the application is disabled in the tenant", "Ask an administrator to enable it."),
    7000215: (
        "the secret is wrong",
        "AZURE_CLIENT_SECRET has to hold the secret's value, not its id. Copy it again, or make a new one.",
    ),
    7000222: ("the secret has expired", "Make a new one under Certificates & secrets and set AZURE_CLIENT_SECRET."),
    700213: (
        "the application has no federated credential for this workload",
        "Add one whose issuer and subject are those of the workload's token.",
    ),
    90002: ("there is no such tenant", "Check AZURE_TENANT_ID."),
    500011: (
        "the tenant does not know this organisation",
        "Check the address, and AZURE_TENANT_ID: the organisation has to belong to the tenant.",
    ),
    500133: ("the token of the workload has expired", "Its platform has to renew the file AZURE_FEDERATED_TOKEN_FILE."),
}
"""AADSTS code → what happened, and what to do."""

_NO_CODE: Mapping[str, tuple[str, str]] = {
    "expired_token": (
        "the code was not used in time",
        "If the browser showed a message that access is blocked (AADSTS53003), the tenant does not allow device codes: "
        f"the code then ends without a word here. {_OTHER_WAYS} Else repeat the command.",
    ),
    "authorization_pending": (
        "the code was not used in time",
        "If the browser showed a message that access is blocked (AADSTS53003), the tenant does not allow device codes: "
        f"the code then ends without a word here. {_OTHER_WAYS} Else repeat the command.",
    ),
    "authorization_declined": ("the sign-in was declined in the browser", "Repeat the command to try again."),
    "access_denied": ("the sign-in was declined in the browser", "Repeat the command to try again."),
    "temporarily_unavailable": ("the identity platform is not available now", "Repeat the command in a few minutes."),
    "timeout": ("nobody signed in in the browser in time", f"Repeat the command. {_OTHER_WAYS}"),
}


def refused_sign_in(authority: str, error: str, description: str) -> SignInFailed:
    """The error for an answer of the identity platform that holds no token.

    Args:
        authority: where the sign-in was tried.
        error: its field `error`.
        description: its field `error_description`.
    """
    found = _CODE.search(description)
    code = int(found.group(1)) if found else 0
    if code in CURES:
        what, cure = CURES[code]
        return SignInFailed(f"Signing in at {authority} was refused: {what} (AADSTS{code}). {cure}")
    if error in _NO_CODE:
        what, cure = _NO_CODE[error]
        return SignInFailed(f"Signing in at {authority} was refused: {what}. {cure}")
    why = sanitised(description.splitlines()[0] if description else error or "no reason given")
    return SignInFailed(
        f"Signing in at {authority} was refused: {why}. "
        "Look the code up at https://login.microsoftonline.com/error, or sign in another way (migrator login --help)."
    )
