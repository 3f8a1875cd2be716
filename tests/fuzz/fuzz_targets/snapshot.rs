//! The checkpoints that a training goes on from: no bytes may make their reader panic, hang or take much memory.

#![no_main]

use bunraku_distill::checkpoint::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::read(bytes) {
        for tensor in checkpoint.tensors.values() {
            assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
        }
    }
});
