//! What a body is read as, and that edits touch nothing else.

mod any;
mod edit;
mod read;
