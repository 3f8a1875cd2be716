//! Rasterises layers: with resvg at twice the picture's scale, in linear light, premultiplied.

use super::{error::Fault, layer::Layer};
use bunraku_core::{
    character::IMAGE_SIZE,
    color::linear_from_srgb8,
    pose::{Parameter, Pose},
};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};
use std::{borrow::Cow, sync::LazyLock};

/// Supersampling: pixels along one of the picture's, so that rotated layers stay sharp.
pub(super) const SCALE: usize = 2;

/// The margin around a posed layer's bounds in picture units: shapes that add up go beyond any single one.
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
    /// The length of a row, border included.
    stride: usize,
    /// Linear light, premultiplied, in [0, 1]; row by row, with a border of empty pixels, so that every place within
    /// the bounds has four neighbours.
    data: Vec<[f32; 4]>,
}

impl Pixels {
    /// From 8-bit sRGB, premultiplied.
    fn new(bounds: Bounds, map: &Pixmap) -> Self {
        let width = map.width() as usize;
        let stride = width + 2;
        let mut data = vec![[0.0; 4]; stride * (map.height() as usize + 2)];
        for (from, to) in map.pixels().chunks(width).zip(data.chunks_mut(stride).skip(1)) {
            for (pixel, to) in from.iter().zip(&mut to[1..]) {
                *to = linear([pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]);
            }
        }
        Self { bounds, stride, data }
    }

    /// A bilinear sample at a place in picture units (pixel centres at halves); transparent outside.
    #[inline(always)]
    pub(super) fn sample(&self, x: f32, y: f32) -> [f32; 4] {
        let Bounds { x0, y0, x1, y1 } = self.bounds;
        if !(x > x0 && x < x1 && y > y0 && y < y1) {
            return [0.0; 4];
        }
        // Counted from the border pixel, whose centre is half a pixel before the bounds.
        let (u, v) = ((x - x0) * SCALE as f32 + 0.5, (y - y0) * SCALE as f32 + 0.5);
        let (column, row) = (u as usize, v as usize);
        let (s, t) = (u - column as f32, v - row as f32);
        let above = row * self.stride + column;
        let (top, bottom) = (&self.data[above..above + 2], &self.data[above + self.stride..above + self.stride + 2]);
        std::array::from_fn(|channel| {
            let across = |pair: &[[f32; 4]]| pair[0][channel] + (pair[1][channel] - pair[0][channel]) * s;
            let (a, b) = (across(top), across(bottom));
            a + (b - a) * t
        })
    }

    /// Marks the picture's pixels that are drawn on, `[512, 512]`.
    pub(super) fn mark(&self, picture: &mut [bool]) {
        let (left, top) = (self.bounds.x0 as usize, self.bounds.y0 as usize);
        for (index, _) in self.data.iter().enumerate().filter(|(_, color)| color[3] > 0.0) {
            // Drawn pixels are not in the border, so both are at least 1.
            let (row, column) = (index / self.stride - 1, index % self.stride - 1);
            picture[(top + row / SCALE) * IMAGE_SIZE + left + column / SCALE] = true;
        }
    }
}

/// Rasterises one layer in any pose.
#[derive(Debug)]
pub(super) struct LayerRasterizer {
    /// The part of the picture that any pose of the layer can touch.
    pub bounds: Bounds,
    /// The parameters that change it, each once.
    parameters: Vec<Parameter>,
    rest: Pixels,
}

impl LayerRasterizer {
    /// Measures a layer in every pose it has a shape for, and draws it at rest.
    pub(super) fn new(head: &str, layer: &Layer) -> Result<Self, Fault> {
        let rest = tree(head, layer, &Pose::default())?;
        let mut parameters: Vec<Parameter> = layer.parameters().collect();
        parameters.sort_by_key(|parameter| parameter.index());
        parameters.dedup();
        let mut bounds = bounds(&rest);
        for parameter in &parameters {
            for end in [parameter.min(), 1.0].into_iter().filter(|end| *end != 0.0) {
                let mut pose = Pose::default();
                pose[*parameter] = end;
                bounds = bounds.join(self::bounds(&tree(head, layer, &pose)?));
            }
        }
        let seen = bounds.grown(if parameters.is_empty() { 1.0 } else { MARGIN });
        if bounds.is_empty() || seen.is_empty() {
            return Err(Fault::EmptyLayer(layer.name.clone()));
        }
        Ok(Self { bounds: seen, parameters, rest: pixels(&rest, seen)? })
    }

    /// The parameters that change how the layer is drawn (not where it appears), each once.
    pub(super) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The layer's pixels in a pose.
    pub(super) fn paint(&self, head: &str, layer: &Layer, pose: &Pose) -> Cow<'_, Pixels> {
        if self.parameters.iter().all(|parameter| pose[*parameter] == 0.0) {
            return Cow::Borrowed(&self.rest);
        }
        // Every shape was drawn when the art was read; values in between cannot make usvg reject the text.
        let posed = tree(head, layer, pose).and_then(|tree| pixels(&tree, self.bounds));
        posed.map_or(Cow::Borrowed(&self.rest), Cow::Owned)
    }
}

fn tree(head: &str, layer: &Layer, pose: &Pose) -> Result<Tree, Fault> {
    let mut text = String::with_capacity(head.len() + 8192);
    text.push_str(head);
    layer.write(pose, &mut text);
    text.push_str("</svg>");
    Tree::from_str(&text, &options()).map_err(|error| Fault::Svg(format!("group {:?}: {error}", layer.name)))
}

/// Nothing outside the file is ever read.
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
    Ok(Pixels::new(bounds, &map))
}

/// The linear light of every 8-bit sRGB value.
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
