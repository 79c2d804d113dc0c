"""`kill -9` in the middle of 200 concurrent streams, 20 rounds."""

from _rust import soak

soak(
    "kill",
    "every_request_is_on_record_once_however_the_process_ends",
    WAYLEAVE_KILL_ROUNDS=20,
    WAYLEAVE_KILL_STREAMS=200,
)
