//! Video4Linux2's structures, as `<linux/videodev2.h>` has them.
#![allow(clippy::all, clippy::pedantic)]
#![allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case, non_upper_case_globals, dead_code)]

include!("bindings.rs");
