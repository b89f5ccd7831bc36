//! The Windows build under wine: `scripts/build-windows` makes it, and without it these tests are left out.
#![cfg(target_os = "linux")]

mod files;
mod names;
mod wine;
mod work;
