"""500 slow streams to a TLS upstream that offers HTTP/2 with 100 streams: none waits."""

from _rust import soak

soak(
    "tls_h2",
    "no_stream_waits_for_a_server_that_offers_http2_with_a_limit",
    WAYLEAVE_STREAMS=500,
)
