//! Every complete shader, put together from its parts at build time.

/// `textureStore` of a frame's planes.
pub(crate) const EXPOSE: &str = include_str!("gpu/shaders/expose.wgsl");

/// Register-resident multiply-adds.
pub(crate) const PEAK: &str = include_str!("gpu/shaders/peak.wgsl");

/// A stage of a student.
pub(crate) const STAGE: &str = concat!(
    include_str!("gpu/shaders/sine.wgsl"),
    include_str!("student/gpu/shaders/stage_bindings.wgsl"),
    include_str!("student/gpu/shaders/stage_entry.wgsl"),
    include_str!("student/gpu/shaders/stage_layer.wgsl"),
    include_str!("student/gpu/shaders/stage.wgsl"),
);

/// A student's face into its window of the picture.
pub(crate) const PASTE: &str = include_str!("student/gpu/shaders/paste.wgsl");

/// A student's warp and blend.
pub(crate) const COMPOSE: &str = include_str!("student/gpu/shaders/compose.wgsl");

/// The names and sources of all shaders, so that a page can load the same ones. Each has one entry point, `main`.
pub const SHADERS: &[(&str, &str)] =
    &[("expose", EXPOSE), ("peak", PEAK), ("stage", STAGE), ("paste", PASTE), ("compose", COMPOSE)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sine::SINE;
    use wgpu::naga::{
        Expression, Literal, Module,
        front::wgsl,
        valid::{Capabilities, ValidationFlags, Validator},
    };

    fn parsed(name: &str, source: &str) -> Module {
        wgsl::parse_str(source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)))
    }

    #[test]
    fn every_shader_is_valid_on_any_device() {
        for (name, source) in SHADERS {
            let module = parsed(name, source);
            assert!(module.entry_points.iter().map(|entry| entry.name.as_str()).eq(["main"]), "{name}");
            let checked = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module);
            checked.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        }
    }

    #[test]
    fn the_wgsl_sine_has_the_cpu_coefficients() {
        let module = parsed("stage", STAGE);
        for (index, expected) in SINE.into_iter().enumerate() {
            let name = format!("SINE_{index}");
            let found = module.constants.iter().find(|(_, constant)| constant.name.as_ref() == Some(&name));
            let init = found.map(|(_, constant)| &module.global_expressions[constant.init]);
            let Some(Expression::Literal(Literal::F32(value))) = init else { panic!("no constant {name}") };
            assert_eq!(value.to_bits(), expected.to_bits(), "{name}");
        }
    }
}
