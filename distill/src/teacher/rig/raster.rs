//! A layer as pixels: drawn by resvg at twice the picture's scale, in linear light, premultiplied.

use super::{error::Fault, layer::Layer};
use bunraku_core::{character::IMAGE_SIZE, color::linear_from_srgb8, pose::Pose};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};
use std::sync::LazyLock;

/// Pixels drawn for each of the picture's: what is turned and then sampled stays sharp.
pub(super) const SCALE: usize = 2;

/// Room left around a posed layer's bounds, in picture units: shapes that add up go beyond any single one.
const MARGIN: f32 = 6.0;

/// A rectangle of the picture, in picture units; empty where `x0 == x1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub x0: f32,
    pub y0: f32,
    pub x1: f32,
    pub y1: f32,
}

impl Bounds {
    pub(super) const NOTHING: Self = Self { x0: f32::MAX, y0: f32::MAX, x1: f32::MIN, y1: f32::MIN };

    pub(super) fn join(self, other: Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// Grown by `by` on every side, on whole pixels, within the picture.
    pub(super) fn grown(self, by: f32) -> Self {
        let edge = IMAGE_SIZE as f32;
        Self {
            x0: (self.x0 - by).floor().clamp(0.0, edge),
            y0: (self.y0 - by).floor().clamp(0.0, edge),
            x1: (self.x1 + by).ceil().clamp(0.0, edge),
            y1: (self.y1 + by).ceil().clamp(0.0, edge),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }
}

/// A layer's pixels.
#[derive(Clone, Debug)]
pub(super) struct Pixels {
    /// The part of the picture they cover.
    pub bounds: Bounds,
    width: usize,
    height: usize,
    /// Linear light, premultiplied, in [0, 1]; row by row.
    data: Vec<[f32; 4]>,
}

impl Pixels {
    /// Bilinear sample at a place in picture units (pixel centres at halves); nothing outside.
    pub(super) fn sample(&self, x: f32, y: f32) -> [f32; 4] {
        let u = (x - self.bounds.x0) * SCALE as f32 - 0.5;
        let v = (y - self.bounds.y0) * SCALE as f32 - 0.5;
        let inside = u > -1.0 && v > -1.0 && u < self.width as f32 && v < self.height as f32;
        if !inside {
            return [0.0; 4];
        }
        let (column, row) = (u.floor(), v.floor());
        let (s, t) = (u - column, v - row);
        let [a, b] = [0, 1].map(|j| {
            let [left, right] = [0, 1].map(|i| self.at(column as isize + i, row as isize + j));
            mix(left, right, s)
        });
        mix(a, b, t)
    }

    fn at(&self, column: isize, row: isize) -> [f32; 4] {
        let inside = column >= 0 && row >= 0 && (column as usize) < self.width && (row as usize) < self.height;
        if inside { self.data[row as usize * self.width + column as usize] } else { [0.0; 4] }
    }
}

fn mix(a: [f32; 4], b: [f32; 4], t: f32) -> [f32; 4] {
    std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * t)
}

/// What it takes to draw one layer in any pose.
#[derive(Debug)]
pub(super) struct Painter {
    /// The part of the picture that any pose of the layer can touch.
    pub bounds: Bounds,
    /// The layer's pixels, drawn once, where no pose changes them.
    still: Option<Pixels>,
}

impl Painter {
    /// Measures a layer in every pose it has a shape for, and draws it if no pose changes it.
    pub(super) fn new(head: &str, layer: &Layer) -> Result<Self, Fault> {
        let rest = Pose::default();
        let mut bounds = bounds(&tree(head, layer, &rest)?);
        for parameter in layer.parameters() {
            for end in [parameter.min(), 1.0] {
                let mut pose = rest;
                pose.0[parameter.index()] = end;
                bounds = bounds.join(self::bounds(&tree(head, layer, &pose)?));
            }
        }
        let seen = bounds.grown(if layer.is_posed() { MARGIN } else { 1.0 });
        if bounds.is_empty() || seen.is_empty() {
            return Err(Fault::EmptyLayer(layer.name.clone()));
        }
        let bounds = seen;
        let still = if layer.is_posed() { None } else { Some(pixels(&tree(head, layer, &rest)?, bounds)?) };
        Ok(Self { bounds, still })
    }

    /// The layer's pixels in a pose; `None` where no pose changes them, see [`Self::still`].
    pub(super) fn paint(&self, head: &str, layer: &Layer, pose: &Pose) -> Option<Pixels> {
        if self.still.is_some() {
            return None;
        }
        // Every shape was drawn once when the art was read; numbers between them cannot make usvg refuse the text.
        pixels(&tree(head, layer, pose).ok()?, self.bounds).ok()
    }

    /// The pixels of a layer that no pose changes.
    pub(super) fn still(&self) -> Option<&Pixels> {
        self.still.as_ref()
    }
}

fn tree(head: &str, layer: &Layer, pose: &Pose) -> Result<Tree, Fault> {
    let mut text = String::with_capacity(head.len() + 8192);
    text.push_str(head);
    layer.write(pose, &mut text);
    text.push_str("</svg>");
    Tree::from_str(&text, &options()).map_err(|error| Fault::Svg(format!("group {:?}: {error}", layer.name)))
}

/// Nothing outside of the file is ever read.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    options
}

fn bounds(tree: &Tree) -> Bounds {
    if tree.root().children().is_empty() {
        return Bounds::NOTHING;
    }
    let rect = tree.root().abs_stroke_bounding_box();
    Bounds { x0: rect.left(), y0: rect.top(), x1: rect.right(), y1: rect.bottom() }
}

fn pixels(tree: &Tree, bounds: Bounds) -> Result<Pixels, Fault> {
    let width = (bounds.x1 - bounds.x0) as usize * SCALE;
    let height = (bounds.y1 - bounds.y0) as usize * SCALE;
    let unfit = || Fault::Svg(format!("a layer of {width} x {height} pixels cannot be drawn"));
    let mut map = Pixmap::new(width as u32, height as u32).ok_or_else(unfit)?;
    let scale = SCALE as f32;
    let place = Transform::from_row(scale, 0.0, 0.0, scale, -bounds.x0 * scale, -bounds.y0 * scale);
    resvg::render(tree, place, &mut map.as_mut());
    let data = map.pixels().iter().map(|p| linear([p.red(), p.green(), p.blue(), p.alpha()])).collect();
    Ok(Pixels { bounds, width, height, data })
}

/// Linear light of every 8-bit sRGB value.
static LIGHT: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|value| linear_from_srgb8(value as u8)));

/// Premultiplied 8-bit sRGB to premultiplied linear light.
fn linear([red, green, blue, alpha]: [u8; 4]) -> [f32; 4] {
    if alpha == 0 {
        return [0.0; 4];
    }
    let opacity = f32::from(alpha) / 255.0;
    let light = |value: u8| {
        let straight = (u32::from(value) * 255 + u32::from(alpha) / 2) / u32::from(alpha);
        LIGHT[straight.min(255) as usize] * opacity
    };
    [light(red), light(green), light(blue), opacity]
}
