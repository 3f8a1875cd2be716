//! The snapshots that a training goes on from: no bytes may make their reader panic, hang or take much memory.

#![no_main]

use bunraku_distill::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(snapshot) = Snapshot::read(bytes) {
        for tensor in snapshot.tensors.values() {
            assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
        }
    }
});
