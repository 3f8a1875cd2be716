//! What training makes small: the reference's L1 terms (`spec/THA4.md` §9.6).
//!
//! Means are over all elements, also where a mask or a window is involved.

mod body;
mod face;

pub use body::{BodyTarget, BodyWeights, body, terms as body_terms};
pub use face::{FaceTarget, FaceWeights, face};

use burn::tensor::{Tensor, backend::Backend};

/// A loss with the weighted terms that it is the sum of.
#[derive(Clone, Debug)]
pub struct Loss<B: Backend> {
    /// `[1]`: to go back from.
    pub total: Tensor<B, 1>,
    /// `[1]` each, by the name under which it is logged.
    pub terms: Vec<(&'static str, Tensor<B, 1>)>,
}

impl<B: Backend> Loss<B> {
    fn new<const N: usize>(terms: [(&'static str, Tensor<B, 1>); N]) -> Self {
        let sum = terms.iter().map(|(_, term)| term.clone()).reduce(|a, b| a + b);
        let total = sum.expect("a loss has a term");
        Self { total, terms: terms.map(|(name, term)| (name, term.detach())).into() }
    }
}

/// The mean of absolute differences.
fn l1<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 1> {
    (a - b).abs().mean()
}
