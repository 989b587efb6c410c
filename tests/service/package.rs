//! What packages hold.
