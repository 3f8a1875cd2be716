//! The last step to the window: composites the frame over the backdrop in linear light, and encodes as the surface wants.

use super::{
    picture::Picture,
    place::{Place, taps},
};
use crate::backdrop::Backdrop;
use std::mem::size_of;

/// The uniforms of `shaders/present.wgsl`, in its layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Uniforms {
    place: [f32; 4],
    window: [f32; 2],
    cover: [f32; 2],
    taps: [u32; 2],
    straight: u32,
    encodes: u32,
}

/// The format of uploaded pictures: the texture unit decodes sRGB before it filters.
const UPLOADED: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

/// Draws the puppet's newest frame into images of one format.
pub(super) struct Presenter {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    uniforms: wgpu::Buffer,
    view: Uniforms,
    picture: wgpu::Texture,
    backdrop: wgpu::Texture,
    bindings: wgpu::BindGroup,
}

impl Presenter {
    /// Draws into images of `format`; with `straight`, colours are left unmultiplied by alpha.
    pub(super) fn new(device: &wgpu::Device, format: wgpu::TextureFormat, straight: bool) -> Self {
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("present"),
            entries: &[UNIFORMS, SAMPLER, texture_entry(2), texture_entry(3)],
        });
        let pipeline = create_pipeline(device, &layout, format);
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("view"),
            size: size_of::<Uniforms>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        // A new texture is transparent.
        let [picture, backdrop] = ["picture", "backdrop"].map(|label| create_texture(device, label, 1, 1));
        let bindings = bind(device, &layout, &uniforms, &sampler, [&picture, &backdrop]);
        let view =
            Uniforms { straight: u32::from(straight), encodes: u32::from(format.is_srgb()), ..Uniforms::default() };
        Self { pipeline, layout, sampler, uniforms, view, picture, backdrop, bindings }
    }

    /// Takes the picture to show from now on. One larger than the device can hold, or none yet, is left out.
    pub(super) fn set_picture(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, picture: &Picture) {
        let edge = picture.size as u32;
        if edge == 0 || edge > device.limits().max_texture_dimension_2d {
            return;
        }
        if self.picture.width() != edge || self.picture.format() != UPLOADED {
            self.picture = create_texture(device, "picture", edge, edge);
            self.bind(device);
        }
        upload(queue, &self.picture, &picture.rgba);
    }

    /// Takes a texture of the same device to show from now on: linear and premultiplied, as sampled.
    pub(super) fn set_texture(&mut self, device: &wgpu::Device, texture: &wgpu::Texture) {
        if self.picture != *texture {
            self.picture = texture.clone();
            self.bind(device);
        }
    }

    /// Takes the backdrop to show from now on.
    pub(super) fn set_backdrop(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, backdrop: &Backdrop) {
        self.backdrop = create_texture(device, "backdrop", backdrop.width, backdrop.height);
        upload(queue, &self.backdrop, &backdrop.rgba);
        self.bind(device);
    }

    /// Draws into a pass over an image of `window` pixels.
    pub(super) fn draw(&mut self, queue: &wgpu::Queue, pass: &mut wgpu::RenderPass<'_>, window: [u32; 2]) {
        let view = self.view_of(window);
        if view != self.view {
            self.view = view;
            queue.write_buffer(&self.uniforms, 0, bytemuck::bytes_of(&view));
        }
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.draw(0..3, 0..1);
    }

    fn bind(&mut self, device: &wgpu::Device) {
        self.bindings = bind(device, &self.layout, &self.uniforms, &self.sampler, [&self.picture, &self.backdrop]);
    }

    fn view_of(&self, [width, height]: [u32; 2]) -> Uniforms {
        let place = Place::within(width, height);
        let [across, down] =
            [self.backdrop.width() as f32 / width as f32, self.backdrop.height() as f32 / height as f32];
        // The backdrop's edge that fits the window more tightly is shown whole, the other is cut.
        let tighter = across.min(down);
        Uniforms {
            place: [place.left as f32, place.top as f32, place.edge as f32, place.edge as f32],
            window: [width as f32, height as f32],
            cover: [tighter / across, tighter / down],
            taps: [taps(self.picture.width(), place.edge), tighter.ceil().clamp(1.0, 4.0) as u32],
            ..self.view
        }
    }
}

const UNIFORMS: wgpu::BindGroupLayoutEntry = wgpu::BindGroupLayoutEntry {
    binding: 0,
    visibility: wgpu::ShaderStages::FRAGMENT,
    ty: wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    },
    count: None,
};

const SAMPLER: wgpu::BindGroupLayoutEntry = wgpu::BindGroupLayoutEntry {
    binding: 1,
    visibility: wgpu::ShaderStages::FRAGMENT,
    ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
    count: None,
};

const fn texture_entry(binding: u32) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: true },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        count: None,
    }
}

fn create_pipeline(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    format: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::include_wgsl!("../shaders/present.wgsl"));
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("present"),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("present"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("cover_window"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("present"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(format.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn create_texture(device: &wgpu::Device, label: &str, width: u32, height: u32) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: UPLOADED,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

fn upload(queue: &wgpu::Queue, texture: &wgpu::Texture, rgba: &[u8]) {
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(4 * texture.width()),
        rows_per_image: Some(texture.height()),
    };
    queue.write_texture(texture.as_image_copy(), rgba, layout, texture.size());
}

fn bind(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    uniforms: &wgpu::Buffer,
    sampler: &wgpu::Sampler,
    textures: [&wgpu::Texture; 2],
) -> wgpu::BindGroup {
    let [picture, backdrop] = textures.map(|texture| texture.create_view(&wgpu::TextureViewDescriptor::default()));
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("present"),
        layout,
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(sampler) },
            wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(&picture) },
            wgpu::BindGroupEntry { binding: 3, resource: wgpu::BindingResource::TextureView(&backdrop) },
        ],
    })
}

#[cfg(test)]
mod tests;
