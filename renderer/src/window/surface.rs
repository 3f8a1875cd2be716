//! The window's surface: everything made on the device that presents to the window.

use super::{
    alpha,
    graphics::{Graphics, GraphicsError, catch_errors},
    libraries,
    overlay::{Overlay, OverlayRenderer},
    picture::Picture,
    present::Presenter,
    recovery::Drawable,
    swapchain::{Acquired, Swapchain},
};
use crate::backdrop::Backdrop;
use bunraku_core::source::Waker;
use bunraku_engine::{CpuFrame, Frame, gpu::GpuContext, native::Reader};
use std::sync::Arc;
use wgpu::Backends;
use winit::{dpi::PhysicalSize, event::WindowEvent, event_loop::OwnedDisplayHandle, window::Window};

/// What came of drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// It is on its way to the screen.
    Shown,
    /// The system had no image to draw on; ask again later.
    Later,
    /// The surface is gone; open another.
    Lost,
}

/// The window, ready to be drawn on.
pub(super) struct WindowSurface {
    window: Arc<Window>,
    graphics: Graphics,
    swapchain: Swapchain,
    presenter: Presenter,
    overlay: OverlayRenderer,
    uploaded: bool,
    /// The puppet's device, if it cannot present to the window.
    refused: Option<wgpu::Device>,
    picture: Picture,
    reader: Reader,
}

/// Opens surfaces of a window.
pub(super) struct SurfaceOpener {
    pub(super) display: OwnedDisplayHandle,
    /// Called from any thread when the device is lost.
    pub(super) waker: Waker,
}

impl SurfaceOpener {
    /// A surface of `window` on the puppet's device, if it has one that can present there, else on one of its own.
    pub(super) fn open(
        &self,
        window: &Arc<Window>,
        puppets: Option<&GpuContext>,
    ) -> Result<WindowSurface, GraphicsError> {
        let Some(context) = puppets else { return self.open_own(window) };
        context.check().map_err(|_| GraphicsError::Lost)?;
        let shared = libraries::caught(|| Graphics::share(context, window, self.waker.clone()));
        let refused = Some(context.device.clone());
        let Ok(Some(graphics)) = shared else {
            tracing::warn!("the puppet's GPU cannot present to the window: frames are read back for another one");
            return Ok(WindowSurface { refused, ..self.open_own(window)? });
        };
        let surface = WindowSurface::new(window, graphics)?;
        if surface.says_it_keeps_alpha() || surface.needs_opaque_window() {
            return Ok(surface);
        }
        // A window has room for one surface at a time.
        drop(surface);
        if let Ok(own) = self.open_own(window)
            && own.says_it_keeps_alpha()
        {
            tracing::info!("another adapter keeps the window transparent: frames are read back for it");
            return Ok(WindowSurface { refused, ..own });
        }
        let shared = Graphics::share(context, window, self.waker.clone());
        WindowSurface::new(window, shared.ok_or(GraphicsError::NoAdapter)?)
    }

    /// A surface on the device that presents to `window` best.
    fn open_own(&self, window: &Arc<Window>) -> Result<WindowSurface, GraphicsError> {
        let open = |backends| {
            let open = || Graphics::open(self.display.clone(), window, backends, self.waker.clone());
            libraries::caught(open).map_err(GraphicsError::NoLibrary)?
        };
        // OpenGL on Wayland needs a library that nothing else does, and not every system has it.
        let graphics = match open(Backends::all()) {
            Err(GraphicsError::NoLibrary(why)) => {
                tracing::warn!("no OpenGL on this window: {why}");
                open(Backends::all() - Backends::GL).map_err(|_| GraphicsError::NoLibrary(why))
            }
            other => other,
        };
        WindowSurface::new(window, graphics?)
    }
}

impl WindowSurface {
    fn new(window: &Arc<Window>, graphics: Graphics) -> Result<Self, GraphicsError> {
        let mut swapchain = Swapchain::new(&graphics).ok_or(GraphicsError::NoAdapter)?;
        swapchain.resize(window.inner_size(), &graphics);
        let straight = alpha::wants_straight(swapchain.alpha_mode());
        let presenter = Presenter::new(&graphics.device, swapchain.format(), straight);
        let overlay = OverlayRenderer::new(window, &graphics, swapchain.format());
        Ok(Self {
            window: Arc::clone(window),
            graphics,
            swapchain,
            presenter,
            overlay,
            uploaded: false,
            refused: None,
            picture: Picture::default(),
            reader: Reader::default(),
        })
    }

    /// Whether the puppet draws on another device than this one presents with, and that one may be able to present.
    pub(super) fn should_move_to(&self, puppets: &GpuContext) -> bool {
        self.graphics.device != puppets.device && self.refused.as_ref() != Some(&puppets.device)
    }

    /// Uploads a frame in CPU memory.
    fn upload(&mut self, frame: &CpuFrame) {
        self.picture.take(frame);
        self.presenter.set_picture(&self.graphics.device, &self.graphics.queue, &self.picture);
    }

    /// Whether the system promises that the desktop shows through.
    pub(super) fn says_it_keeps_alpha(&self) -> bool {
        alpha::keeps(self.swapchain.alpha_mode())
    }

    /// Whether a window with an alpha channel would stay black.
    pub(super) fn needs_opaque_window(&self) -> bool {
        self.graphics.needs_opaque_window()
    }

    /// Whether the window has no pixels.
    pub(super) fn is_empty(&self) -> bool {
        self.swapchain.is_empty()
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> [u32; 2] {
        self.swapchain.size()
    }

    /// Follows the window's size.
    pub(super) fn resize(&mut self, size: PhysicalSize<u32>) {
        self.swapchain.resize(size, &self.graphics);
        self.uploaded = false;
    }

    /// Takes an event of the window. True if the overlay must be laid out again.
    pub(super) fn notice(&mut self, event: &WindowEvent) -> bool {
        self.overlay.notice(&self.window, event)
    }

    /// Whether the pointer is over the overlay.
    pub(super) fn is_overlay_under_pointer(&self) -> bool {
        self.overlay.is_under_pointer()
    }

    /// Lays the overlay out. Gives the source whose line was clicked.
    pub(super) fn lay_out(&mut self, overlay: &Overlay) -> Option<usize> {
        self.uploaded = false;
        self.overlay.lay_out(&self.window, &self.graphics, overlay)
    }

    /// Draws and presents an image.
    fn present(&mut self, with_overlay: bool) -> Drawn {
        let acquired = match self.swapchain.acquire(&self.graphics) {
            Acquired::Retry => self.swapchain.acquire(&self.graphics),
            other => other,
        };
        let (texture, stale) = match acquired {
            Acquired::Image { texture, stale } => (texture, stale),
            Acquired::Retry | Acquired::Later => return Drawn::Later,
            Acquired::Lost => return Drawn::Lost,
        };
        self.draw_into(&texture.texture, with_overlay);
        self.window.pre_present_notify();
        texture.present();
        if stale {
            self.swapchain.configure(&self.graphics);
        }
        Drawn::Shown
    }

    fn draw_into(&mut self, image: &wgpu::Texture, with_overlay: bool) {
        let size = self.swapchain.size();
        let mut encoder = self.graphics.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if with_overlay && !self.uploaded {
            self.overlay.upload(&self.graphics, &mut encoder, size);
            self.uploaded = true;
        }
        let view = image.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = begin_pass(&mut encoder, &view);
        self.presenter.draw(&self.graphics.queue, &mut pass, size);
        if with_overlay {
            self.overlay.draw(&mut pass);
        }
        drop(pass);
        self.graphics.queue.submit([encoder.finish()]);
    }
}

impl Drawable for WindowSurface {
    fn is_lost(&self) -> bool {
        self.graphics.is_lost()
    }

    fn set_frame(&mut self, frame: &Frame) {
        match frame {
            Frame::Cpu(frame) => self.upload(frame),
            Frame::Gpu(gpu) if gpu.context.device == self.graphics.device => {
                self.presenter.set_texture(&self.graphics.device, &gpu.texture);
            }
            Frame::Gpu(_) => match self.reader.read(frame) {
                Ok(frame) => self.upload(&frame),
                Err(error) => tracing::warn!("a frame is not shown: {error}"),
            },
        }
    }

    fn set_backdrop(&mut self, backdrop: &Backdrop) {
        self.presenter.set_backdrop(&self.graphics.device, &self.graphics.queue, backdrop);
    }

    fn draw(&mut self, with_overlay: bool) -> Drawn {
        if self.is_lost() {
            return Drawn::Lost;
        }
        let device = self.graphics.device.clone();
        catch_errors(&device, || self.present(with_overlay))
    }
}

pub(super) fn begin_pass(encoder: &mut wgpu::CommandEncoder, view: &wgpu::TextureView) -> wgpu::RenderPass<'static> {
    let target = wgpu::RenderPassColorAttachment {
        view,
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Store },
    };
    let descriptor =
        wgpu::RenderPassDescriptor { label: Some("window"), color_attachments: &[Some(target)], ..Default::default() };
    encoder.begin_render_pass(&descriptor).forget_lifetime()
}
