//! Prints an evaluation as a table.

use bunraku_distill::eval::{Evaluation, Scores};
use std::io::{self, Write};

/// Prints it.
pub(super) fn print(evaluation: &Evaluation, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} poses{:21}{:>10}{:>10}{:>9}", evaluation.poses, "", "L1", "PSNR dB", "SSIM")?;
    for (name, scores) in &evaluation.regions {
        row(&format!("character, {name}"), scores, out)?;
    }
    if let Some(face) = &evaluation.face_morpher {
        row("face morpher", &face.whole, out)?;
        if let Some(marked) = &face.eyes_and_mouth {
            row("face morpher, eyes_and_mouth", marked, out)?;
        }
    }
    for (name, scores) in &evaluation.body_morpher {
        row(&format!("body morpher, {name}"), scores, out)?;
    }
    sweeps(evaluation, out)
}

fn row(name: &str, Scores { l1, psnr_db, ssim }: &Scores, out: &mut impl Write) -> io::Result<()> {
    let shown = |value: &f64, digits: usize| if value.is_nan() { "-".to_owned() } else { format!("{value:.digits$}") };
    writeln!(out, "{name:<29}{:>10}{:>10}{:>9}", shown(l1, 5), shown(psnr_db, 2), shown(ssim, 4))
}

/// The flicker, if it was measured.
fn sweeps(evaluation: &Evaluation, out: &mut impl Write) -> io::Result<()> {
    let Some(worst) = evaluation.sweep_ratio else { return Ok(()) };
    writeln!(out, "change between poses / teacher's     {:>11}{:>9}", "mean", "peak")?;
    for (name, ratio) in &evaluation.sweeps {
        let mark = if ratio.worst() < worst { "" } else { " (worst)" };
        writeln!(out, "{:<38}{:>10.3}{:>9.3}{mark}", format!("sweep, {name}"), ratio.mean, ratio.peak)?;
    }
    Ok(())
}
