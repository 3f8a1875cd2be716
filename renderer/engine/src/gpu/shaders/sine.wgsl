// sin(2πt), the same polynomial as the CPU's `sine`; SINE_0 to SINE_4 are written before this file when it is loaded.
// `round` goes to even, `t - round(t)` is exact.
fn sine(t: vec4<f32>) -> vec4<f32> {
    let r = t - round(t);
    let z = r * r;
    var q = vec4(SINE_4);
    q = fma(q, z, vec4(SINE_3));
    q = fma(q, z, vec4(SINE_2));
    q = fma(q, z, vec4(SINE_1));
    q = fma(q, z, vec4(SINE_0));
    return r * fma(z, vec4(-4.0), vec4(1.0)) * q;
}
