"""`kill -9` at 300 moments of changes to a configuration on SQLite; `wayleave doctor` after each."""

from _rust import soak

soak(
    "changes",
    "what_was_answered_is_there_and_nothing_is_half_there_on_sqlite",
    WAYLEAVE_CHANGE_KILLS=300,
)
