"""Whom we trust on the way: the certificates of the system, and one authority more where a setting names it.

Both libraries that speak to the outside, httpx and the one below MSAL, get the same answer from here.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import truststore

from migrator.base.errors import UsageError, why


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """What a server has to prove: a certificate that the system trusts, or one of the authority in `ca_file`.

    Raises:
        UsageError: the file cannot be read, or holds no certificate.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            context.load_verify_locations(cafile=Path(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"The certificates in {ca_file} cannot be read ({why(error)}). ca_file has to name a PEM file with the "
                "certificate authority of your proxy or network. Nothing was sent."
            ) from error
    return context
