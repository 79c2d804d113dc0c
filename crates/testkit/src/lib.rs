//! Scripted upstreams, throwaway databases and clients for tests.
