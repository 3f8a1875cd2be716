//! Brings the overlay to the screen: egui lays it out, the window's device draws its triangles.

use super::{Overlay, mirror::Mirror, panel};
use crate::window::graphics::Graphics;
use egui::{ClippedPrimitive, Context, Rect, TextureId, ViewportId, pos2};
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use winit::{event::WindowEvent, window::Window};

/// The overlay's share of one device: made anew with it.
pub(in crate::window) struct OverlayRenderer {
    input: egui_winit::State,
    renderer: Renderer,
    screen: ScreenDescriptor,
    mirror: Mirror,
    triangles: Vec<ClippedPrimitive>,
    /// Textures that only the triangles drawn so far need.
    outdated: Vec<TextureId>,
    place: Rect,
    under_pointer: bool,
}

impl OverlayRenderer {
    /// Draws into images of `format`.
    pub(in crate::window) fn new(window: &Window, graphics: &Graphics, format: wgpu::TextureFormat) -> Self {
        let context = Context::default();
        context.set_theme(egui::Theme::Dark);
        context.all_styles_mut(|style| {
            style.animation_time = 0.0;
            style.interaction.selectable_labels = false;
        });
        let scale = Some(window.scale_factor() as f32);
        let largest = Some(graphics.device.limits().max_texture_dimension_2d as usize);
        // Dithering would make the panel's pixels differ from frame to frame for nothing.
        let options = RendererOptions { dithering: false, ..RendererOptions::default() };
        Self {
            input: egui_winit::State::new(context, ViewportId::ROOT, window, scale, None, largest),
            renderer: Renderer::new(&graphics.device, format, options),
            screen: ScreenDescriptor { size_in_pixels: [0, 0], pixels_per_point: 1.0 },
            mirror: Mirror::default(),
            triangles: Vec::new(),
            outdated: Vec::new(),
            place: Rect::NOTHING,
            under_pointer: false,
        }
    }

    /// Takes an event of the window. True if the overlay must be laid out again.
    pub(in crate::window) fn notice(&mut self, window: &Window, event: &WindowEvent) -> bool {
        let was_under_pointer = self.under_pointer;
        match event {
            WindowEvent::CursorMoved { position, .. } => {
                let point = position.to_logical::<f32>(f64::from(self.screen.pixels_per_point));
                self.under_pointer = self.place.contains(pos2(point.x, point.y));
            }
            WindowEvent::CursorLeft { .. } => self.under_pointer = false,
            WindowEvent::MouseInput { .. } | WindowEvent::ScaleFactorChanged { .. } => {}
            _ => return false,
        }
        let _ = self.input.on_window_event(window, event);
        was_under_pointer || self.under_pointer
    }

    /// Whether the pointer is over the panel.
    pub(in crate::window) fn is_under_pointer(&self) -> bool {
        self.under_pointer
    }

    /// Lays the overlay out. Gives the source whose line was clicked.
    pub(in crate::window) fn lay_out(
        &mut self,
        window: &Window,
        graphics: &Graphics,
        overlay: &Overlay,
    ) -> Option<usize> {
        for id in self.outdated.drain(..) {
            self.renderer.free_texture(&id);
        }
        let raw = self.input.take_egui_input(window);
        let context = self.input.egui_ctx().clone();
        let mut chosen = None;
        self.mirror.take(&context, overlay.shown_preview());
        let output = context.run_ui(raw, |ui| {
            let shown = panel::show(ui.ctx(), overlay, &self.mirror);
            self.place = shown.place;
            chosen = chosen.or(shown.chosen);
        });
        self.input.handle_platform_output(window, output.platform_output);
        for (id, delta) in &output.textures_delta.set {
            self.renderer.update_texture(&graphics.device, &graphics.queue, *id, delta);
        }
        self.screen.pixels_per_point = output.pixels_per_point;
        self.triangles = context.tessellate(output.shapes, output.pixels_per_point);
        self.outdated = output.textures_delta.free;
        chosen
    }

    /// Uploads the panel for an image of `window` pixels.
    pub(in crate::window) fn upload(
        &mut self,
        graphics: &Graphics,
        encoder: &mut wgpu::CommandEncoder,
        window: [u32; 2],
    ) {
        self.screen.size_in_pixels = window;
        let Graphics { device, queue, .. } = graphics;
        self.renderer.update_buffers(device, queue, encoder, &self.triangles, &self.screen);
    }

    /// Draws the panel over what `pass` has drawn.
    pub(in crate::window) fn draw(&self, pass: &mut wgpu::RenderPass<'static>) {
        self.renderer.render(pass, &self.triangles, &self.screen);
    }
}
