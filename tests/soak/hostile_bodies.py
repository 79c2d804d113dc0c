"""A 63 MiB body of nothing but keys is refused for less than 50 ms of CPU."""

from _rust import soak

soak("hostile", "a_body_of_nothing_but_keys_costs_little", ignored=True)
