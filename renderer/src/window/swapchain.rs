//! The swapchain: configured for the window's size, and again whenever the system takes it away.

use super::{
    alpha,
    graphics::{Graphics, catch_errors},
};
use wgpu::{CurrentSurfaceTexture as Current, PresentMode, SurfaceConfiguration, TextureFormat};
use winit::dpi::PhysicalSize;

/// What became of asking for the next image.
pub(super) enum Acquired {
    /// Draw on this one. `stale` if the surface should be configured again after it was shown.
    Image { texture: wgpu::SurfaceTexture, stale: bool },
    /// None now; the surface was configured again, so ask once more.
    Retry,
    /// None now; ask again when something happens or a while later.
    Later,
    /// The surface is gone and must be made again.
    Lost,
}

/// How a surface is configured.
pub(super) struct Swapchain {
    config: SurfaceConfiguration,
    largest: u32,
}

impl Swapchain {
    /// Chooses format, alpha mode and present mode among what the surface offers; none if it offers no format.
    pub(super) fn new(graphics: &Graphics) -> Option<Self> {
        let offered = graphics.surface.get_capabilities(&graphics.adapter);
        let config = SurfaceConfiguration {
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
            format: choose_format(&offered.formats)?,
            width: 0,
            height: 0,
            present_mode: choose_present_mode(&offered.present_modes),
            // Frames are drawn one by one when something changed; a queue of them would only be late.
            desired_maximum_frame_latency: 1,
            alpha_mode: alpha::choose(&offered.alpha_modes),
            view_formats: Vec::new(),
        };
        tracing::info!("surface: {:?}, {:?}, {:?}", config.format, config.alpha_mode, config.present_mode);
        Some(Self { config, largest: graphics.device.limits().max_texture_dimension_2d })
    }

    /// The pixels' format.
    pub(super) fn format(&self) -> TextureFormat {
        self.config.format
    }

    /// How alpha leaves.
    pub(super) fn alpha_mode(&self) -> wgpu::CompositeAlphaMode {
        self.config.alpha_mode
    }

    /// Width and height in pixels; zero while there is nothing to draw on.
    pub(super) fn size(&self) -> [u32; 2] {
        [self.config.width, self.config.height]
    }

    /// Whether there is nothing to draw on: a minimised window on some systems.
    pub(super) fn is_empty(&self) -> bool {
        self.config.width == 0 || self.config.height == 0
    }

    /// Follows the window's size.
    pub(super) fn resize(&mut self, size: PhysicalSize<u32>, graphics: &Graphics) {
        self.config.width = size.width.min(self.largest);
        self.config.height = size.height.min(self.largest);
        self.configure(graphics);
    }

    /// Makes the surface's images anew. A surface of no size cannot have any.
    pub(super) fn configure(&self, graphics: &Graphics) {
        if !self.is_empty() {
            catch_errors(&graphics.device, || graphics.surface.configure(&graphics.device, &self.config));
        }
    }

    /// The next image to draw on.
    pub(super) fn acquire(&self, graphics: &Graphics) -> Acquired {
        match graphics.surface.get_current_texture() {
            Current::Success(texture) => Acquired::Image { texture, stale: false },
            Current::Suboptimal(texture) => Acquired::Image { texture, stale: true },
            // Where the system refuses the surface as it is configured, only configuring it again can help.
            Current::Outdated | Current::Validation => {
                self.configure(graphics);
                Acquired::Retry
            }
            Current::Timeout | Current::Occluded => Acquired::Later,
            Current::Lost => Acquired::Lost,
        }
    }
}

/// Eight bits without the hardware's own sRGB encoding, if possible: alpha must be multiplied in after encoding.
fn choose_format(offered: &[TextureFormat]) -> Option<TextureFormat> {
    const PREFERENCE: [TextureFormat; 4] = [
        TextureFormat::Bgra8Unorm,
        TextureFormat::Rgba8Unorm,
        TextureFormat::Bgra8UnormSrgb,
        TextureFormat::Rgba8UnormSrgb,
    ];
    PREFERENCE.into_iter().find(|format| offered.contains(format)).or(offered.first().copied())
}

/// The newest frame wins where the system can do that; else frames wait for the display.
fn choose_present_mode(offered: &[PresentMode]) -> PresentMode {
    if offered.contains(&PresentMode::Mailbox) { PresentMode::Mailbox } else { PresentMode::Fifo }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_leaves_encoding_to_us_is_preferred() {
        let offered = [TextureFormat::Rgba16Float, TextureFormat::Bgra8UnormSrgb, TextureFormat::Rgba8Unorm];
        assert_eq!(choose_format(&offered), Some(TextureFormat::Rgba8Unorm));
        assert_eq!(choose_format(&offered[..2]), Some(TextureFormat::Bgra8UnormSrgb));
        assert_eq!(choose_format(&offered[..1]), Some(TextureFormat::Rgba16Float));
        assert_eq!(choose_format(&[]), None);
    }
}
