//! End-to-end tests of the `bunraku` command. They are tests of the package `bunraku`, so that Cargo builds its program
//! for them and says where it is.

mod bundled;
mod check;
mod convert;
mod doctor;
mod harness;
mod live;
mod models;
mod pipes;
mod track;
mod webcam;
mod window;
