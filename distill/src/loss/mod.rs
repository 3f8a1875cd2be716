//! What training minimises: the reference's L1 terms (`distill/spec/distiller.md`).
//!
//! Means are over all elements, even with a mask or a window.

mod body;
mod face;

pub use body::{BodyTarget, BodyWeights, TERMS as BODY_TERMS, terms as body_terms};
pub use face::{FaceTarget, FaceWeights, TERMS as FACE_TERMS, terms as face_terms};

use burn::tensor::{Tensor, backend::Backend};

/// A loss and the weighted terms it is the sum of.
#[derive(Clone, Debug)]
pub struct Loss<B: Backend> {
    /// `[1]`: what `backward` starts from.
    pub total: Tensor<B, 1>,
    /// `[1]` each, by the name it is logged under.
    pub terms: Vec<(&'static str, Tensor<B, 1>)>,
}

impl<B: Backend> Loss<B> {
    fn new<const N: usize>(names: [&'static str; N], terms: [Tensor<B, 1>; N]) -> Self {
        let sum = terms.iter().cloned().reduce(|a, b| a + b);
        let total = sum.expect("a loss has a term");
        Self { total, terms: names.into_iter().zip(terms.map(Tensor::detach)).collect() }
    }

    /// A loss whose terms are already computed.
    pub(crate) fn with_terms<const N: usize>(total: Tensor<B, 1>, names: [&'static str; N], terms: [f32; N]) -> Self {
        let device = total.device();
        let terms = terms.map(|term| Tensor::from_floats([term], &device));
        Self { total, terms: names.into_iter().zip(terms).collect() }
    }

    /// The weighted mean of losses with the same terms; the weights sum to 1.
    pub(crate) fn mean(parts: Vec<(Self, f32)>) -> Self {
        let weighted = parts.into_iter().map(|(loss, share)| Self {
            total: loss.total.mul_scalar(share),
            terms: loss.terms.into_iter().map(|(name, term)| (name, term.mul_scalar(share))).collect(),
        });
        let sum = weighted.reduce(|sum, loss| Self {
            total: sum.total + loss.total,
            terms: sum.terms.into_iter().zip(loss.terms).map(|((name, a), (_, b))| (name, a + b)).collect(),
        });
        sum.expect("a batch is not empty")
    }

    /// The loss with one more term.
    #[must_use]
    pub fn with(mut self, name: &'static str, term: Tensor<B, 1>) -> Self {
        self.total = self.total + term.clone();
        self.terms.push((name, term.detach()));
        self
    }
}

/// The mean of absolute differences.
fn l1<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 1> {
    (a - b).abs().mean()
}
