"""What MSAL sends by: requests, with certificates that we trust, the environment's proxies, and an end to waiting."""

from __future__ import annotations

import ssl
from typing import Any

from requests import Response, Session
from requests.adapters import HTTPAdapter

_TIMEOUT = 20.0, 60.0
"""Seconds to connect to the identity platform, and to wait for its answer."""


class _TrustingAdapter(HTTPAdapter):
    """Sends by urllib3 with our context, also through a proxy."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Connections without a proxy."""
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Connections through `proxy`."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)


class IdentitySession(Session):
    """What MSAL sends by. Proxies come from the variables HTTPS_PROXY and NO_PROXY, name and password included."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self.mount("https://", _TrustingAdapter(context))

    def request(self, *arguments: Any, **options: Any) -> Response:
        """Send, but never wait for ever."""
        options.setdefault("timeout", _TIMEOUT)
        return super().request(*arguments, **options)
