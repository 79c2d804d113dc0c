"""PostgreSQL stopped for 10 s under load."""

from _rust import soak

soak(
    "outage",
    "clients_see_no_error_while_the_database_is_away_and_rows_arrive_after",
    WAYLEAVE_OUTAGE_MS=10_000,
)
