"""Header fields that every response has, whoever answers."""

SECURITY_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "*",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""On every response that does not bring its own; transport security is the affair of whoever ends TLS.

Whether or not the request named its origin: a shared cache keeps one response for all.
"""

PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""On pages besides: they say how a browser treats a document, and mean nothing for data."""
