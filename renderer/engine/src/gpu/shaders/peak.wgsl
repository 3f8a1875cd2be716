// Nothing but multiply-adds in registers: the most this device can do, the `peak_gflops` of `bench`.
//
// Two vectors, eight sums, per invocation hide the latency of a multiply-add.

struct Peak {
    rounds: u32,
    factor: f32,
    summand: f32,
}

@group(0) @binding(0) var<uniform> peak: Peak;
@group(0) @binding(1) var<storage, read_write> result: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let factor = vec4(peak.factor);
    let summand = vec4(peak.summand);
    var a = vec4(f32(id.x));
    var b = vec4(f32(id.x) + 1.0);
    for (var i = 0u; i < peak.rounds; i += 1u) {
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
        a = fma(a, factor, summand);
        b = fma(b, factor, summand);
    }
    result[id.x] = a + b;
}
