"""Clients that dribble: the connection is closed within 35 s."""

from _rust import soak

soak("hostile", "who_sends_too_slowly_is_let_go", ignored=True)
