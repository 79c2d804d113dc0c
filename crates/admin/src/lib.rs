//! The control plane: the REST API behind console and CLI.
