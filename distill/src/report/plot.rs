//! Plots loss curves.

use super::{
    MetricsEntry, ReportError,
    font::{self, FONT},
};
use bunraku_core::files;
use image::{ImageFormat, RgbImage};
use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{cartesian::Cartesian2d, combinators::LogCoord, types::RangedCoordf64},
    prelude::*,
};
use std::{collections::BTreeMap, io::Cursor, ops::Range, path::Path};

/// The picture's width and height in pixels.
const SIZE: (u32, u32) = (1280, 800);

/// The most points of a curve; beyond this, neighbours are averaged.
const POINTS: usize = 600;

type Chart<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, LogCoord<f64>>>;
type Points = Vec<(f64, f64)>;

/// The curves to plot.
#[derive(Clone, Debug)]
pub struct LossCurves<'a> {
    /// The title above the chart.
    pub title: &'a str,
    /// The logged metrics, oldest first.
    pub entries: &'a [MetricsEntry],
    /// The examples at which a phase ends.
    pub phase_ends: &'a [u64],
}

/// Plots every loss and error over the examples, on a logarithmic scale with the training's phases, and writes it as
/// PNG. Without any such value it writes nothing.
///
/// # Errors
/// If the file cannot be written.
pub fn plot_losses(curves: &LossCurves<'_>, path: &Path) -> Result<(), ReportError> {
    let series = series(curves.entries);
    let Some((examples, losses)) = ranges(&series) else { return Ok(()) };
    let mut pixels = vec![0; 3 * (SIZE.0 * SIZE.1) as usize];
    draw(curves, &series, examples, losses, &mut pixels).map_err(|error| ReportError::Plot(error.to_string()))?;
    let picture = RgbImage::from_raw(SIZE.0, SIZE.1, pixels).expect("as many bytes as pixels");
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    files::replace(path, png.get_ref()).map_err(ReportError::file(path))
}

/// The curves by name. Values of 0 and below have no place on a logarithmic scale.
fn series(entries: &[MetricsEntry]) -> BTreeMap<&str, Points> {
    let mut series = BTreeMap::<&str, Points>::new();
    for entry in entries {
        for (name, value) in &entry.values {
            let shown = ["loss", "l1", "error"].iter().any(|word| name.contains(word));
            if let Some(value) = value.filter(|value| shown && *value > 0.0) {
                series.entry(name).or_default().push((entry.examples as f64, f64::from(value)));
            }
        }
    }
    for points in series.values_mut() {
        *points = thinned(points);
    }
    series
}

/// At most [`POINTS`] points, each the mean of its neighbours.
fn thinned(points: &[(f64, f64)]) -> Points {
    let mean = |group: &[(f64, f64)]| {
        let sum = group.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / group.len() as f64, sum.1 / group.len() as f64)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}

/// The ranges of both axes.
fn ranges(series: &BTreeMap<&str, Points>) -> Option<(Range<f64>, Range<f64>)> {
    let points = || series.values().flatten();
    let span = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)))
    };
    points().next()?;
    let (_, last) = span(&mut points().map(|point| point.0));
    let (least, most) = span(&mut points().map(|point| point.1));
    Some((0.0..last.max(1.0), least / 1.3..most * 1.3))
}

fn draw(
    curves: &LossCurves<'_>,
    series: &BTreeMap<&str, Points>,
    examples: Range<f64>,
    losses: Range<f64>,
    pixels: &mut [u8],
) -> Result<(), Box<dyn std::error::Error>> {
    font::register();
    let area = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(curves.title, (FONT, 26))
        .margin(16)
        .x_label_area_size(56)
        .y_label_area_size(88)
        .build_cartesian_2d(examples.clone(), losses.clone().log_scale())?;
    chart
        .configure_mesh()
        .x_desc("examples seen")
        .y_desc("loss (logarithmic)")
        .label_style((FONT, 16))
        .x_label_formatter(&|examples| thousands(*examples))
        .y_label_formatter(&|loss| format!("{loss:.1e}"))
        .light_line_style(WHITE.mix(0.0))
        .draw()?;
    phases(&mut chart, curves.phase_ends, &examples, &losses)?;
    for (index, (name, points)) in series.iter().enumerate() {
        let style = Palette99::pick(index).stroke_width(2);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), style))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], Palette99::pick(index).stroke_width(3)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font((FONT, 16))
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Grey lines where a phase ends and the next one starts.
fn phases(
    chart: &mut Chart<'_>,
    ends: &[u64],
    examples: &Range<f64>,
    losses: &Range<f64>,
) -> Result<(), Box<dyn std::error::Error>> {
    for (index, end) in ends.iter().map(|end| *end as f64).enumerate().filter(|(_, end)| examples.contains(end)) {
        chart.draw_series([PathElement::new([(end, losses.start), (end, losses.end)], BLACK.mix(0.35))])?;
        let label = format!("phase {}", index + 1);
        let grey = BLACK.mix(0.6);
        let style = TextStyle::from((FONT, 14).into_font()).color(&grey);
        chart.draw_series([Text::new(label, (end, losses.start * 1.2), style)])?;
    }
    Ok(())
}

fn thousands(examples: f64) -> String {
    if examples >= 1e6 {
        format!("{:.2} M", examples / 1e6)
    } else if examples >= 1e4 {
        format!("{:.0} k", examples / 1e3)
    } else {
        format!("{examples:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn falling(steps: u64) -> Vec<MetricsEntry> {
        let entry = |i: u64| {
            let loss = (-(i as f32) / 700.0).exp() * (1.0 + 0.2 * (i as f32).sin());
            let values = [("training_module_loss", loss), ("held_out_l1", 0.3 * loss), ("learning_rate", 1e-4)];
            let values = values.map(|(name, value)| (name.to_owned(), Some(value))).into();
            MetricsEntry { examples: 500 * i, wall_time: 0.0, values }
        };
        (1..=steps).map(entry).collect()
    }

    #[test]
    fn a_falling_loss_is_plotted_falling() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("losses.png");
        let entries = falling(2000);
        let curves = LossCurves { title: "face_morpher", entries: &entries, phase_ends: &[200_000, 500_000, 800_000] };
        plot_losses(&curves, &path).expect("drawn");
        let picture = image::open(&path).expect("a PNG").to_rgb8();
        assert_eq!(picture.dimensions(), SIZE);
        // The height of the first curve in an early and in a late column.
        let Palette99Rgb(colour) = Palette99Rgb::first();
        let height = |x: u32| (0..SIZE.1).find(|y| picture.get_pixel(x, *y).0 == colour);
        let (early, late) = (height(200), height(800));
        assert!(early.is_some() && early < late, "{early:?} {late:?}");
    }

    /// The first curve's colour, as pixels.
    struct Palette99Rgb([u8; 3]);

    impl Palette99Rgb {
        fn first() -> Self {
            let (r, g, b) = Palette99::pick(0).to_rgba().rgb();
            Self([r, g, b])
        }
    }

    #[test]
    fn nothing_is_written_without_a_loss() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("losses.png");
        let entries = [MetricsEntry { examples: 1, wall_time: 0.0, values: [("loss".to_owned(), Some(0.0))].into() }];
        plot_losses(&LossCurves { title: "", entries: &entries, phase_ends: &[] }, &path).expect("nothing to draw");
        assert!(!path.exists());
    }

    #[test]
    fn long_curves_are_averaged() {
        let points: Points = (0..4800).map(|i| (f64::from(i), 1.0 + f64::from(i % 2))).collect();
        let thin = thinned(&points);
        assert!(thin.len() <= POINTS && thin.iter().all(|point| (point.1 - 1.5).abs() < 1e-9));
    }
}
