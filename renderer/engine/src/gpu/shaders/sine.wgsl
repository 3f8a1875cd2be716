// sin(2πt): the polynomial of `sine.rs`, with the same coefficients.
const SINE_0: f32 = 6.2831826f;
const SINE_1: f32 = -16.20867f;
const SINE_2: f32 = 16.760975f;
const SINE_3: f32 = -9.530799f;
const SINE_4: f32 = 3.0583253f;

// `round` goes to even, so `t - round(t)` is exact.
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
