//! Default models over the API.
