//! Prints a benchmark's results.

use super::result::{Line, Ratio};
use std::io::{self, Write};

/// Prints one result.
pub(super) fn print(line: &Line, out: &mut impl Write) -> io::Result<()> {
    let Line { phase, recipe, batch, pictures_per_example, rates, floor, beside } = line;
    let step = floor.step_gmac * rates.student_step_examples_s;
    let patches = if *pictures_per_example < 1.0 {
        format!(", each {pictures_per_example:.4} of a picture")
    } else {
        String::new()
    };
    writeln!(
        out,
        "{phase:?}, {recipe}: teacher {:.3}, student's step {:.3}, whole step {:.3} examples/s, {batch} a step{patches}",
        rates.teacher_examples_s, rates.student_step_examples_s, rates.whole_step_examples_s
    )?;
    writeln!(out, "  the student's step takes {:.2} G multiply-adds, done at {step:.1} G/s", floor.step_gmac)?;
    for ratio in beside {
        print_ratio(ratio, *batch, *pictures_per_example, out)?;
    }
    Ok(())
}

fn print_ratio(ratio: &Ratio, batch: usize, share: f64, out: &mut impl Write) -> io::Result<()> {
    let Ratio { peer, batch: theirs, rates, times_teacher, times_student_step, times_whole_step } = ratio;
    let of = if share < 1.0 { ", in pictures" } else { "" };
    let other = theirs.filter(|theirs| *theirs != batch);
    let other = other.map_or_else(String::new, |theirs| format!(", with a batch of {theirs}"));
    writeln!(
        out,
        "  beside {peer} ({:.3}, {:.3}, {:.3}){other}: {times_teacher:.2} x, {times_student_step:.2} x, \
         {times_whole_step:.2} x{of}",
        rates.teacher_examples_s, rates.student_step_examples_s, rates.whole_step_examples_s
    )
}
