"""No network but loopback: the whole run moves into a network namespace of its own, where the system allows it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

INSIDE = "WAYLEAVE_TEST_OFFLINE"
# linux/sockios.h, linux/if.h
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
# TEST-NET-1: if a packet to it has a way out, so has any other.
ELSEWHERE = ("192.0.2.1", 9)


def enter() -> bool:
    """Starts this program again where there is only loopback; false if that cannot be done here."""
    if os.environ.get(INSIDE):
        _loopback_up()
        return not has_a_way_out()
    unshare = shutil.which("unshare")
    if not unshare:
        return False
    # Root needs no user namespace, and some systems allow nobody else one.
    for flags in (["--net"], ["--net", "--user", "--map-root-user"]):
        if subprocess.run([unshare, *flags, "true"], capture_output=True).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execv(unshare, [unshare, *flags, sys.executable, *sys.argv])
    return False


def has_a_way_out() -> bool:
    """Whether packets to elsewhere have a route. Sends none: connecting a datagram socket only looks one up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError as why:
            return why.errno not in (errno.ENETUNREACH, errno.EHOSTUNREACH)
    return True


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", IFF_UP, b""))
