"""The benchmark's driver: starts the targets, puts load on them in turn, reports against the aims."""
