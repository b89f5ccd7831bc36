//! A small lab to try the tool on.
