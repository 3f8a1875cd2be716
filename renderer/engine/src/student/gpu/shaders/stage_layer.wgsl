// An invocation's share of a layer: 4 channels at 8 positions.

// Sums of 4 channels at 4 positions, named one by one: a driver may put an array into memory.
struct Sums {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn add(sums: ptr<function, Sums>, w: vec4<f32>, x: vec4<f32>) {
    (*sums).a = fma(vec4(w.x), x, (*sums).a);
    (*sums).b = fma(vec4(w.y), x, (*sums).b);
    (*sums).c = fma(vec4(w.z), x, (*sums).c);
    (*sums).d = fma(vec4(w.w), x, (*sums).d);
}

// Adds an input at 8 positions: a vector of weights, which comes from far, serves two of features, which are near. The
// two lie apart, so that neighbours read neighbouring ones.
fn add_two(one: ptr<function, Sums>, other: ptr<function, Sums>, weight: u32, feature: u32) {
    let w = weights[weight];
    add(one, w, features[feature]);
    add(other, w, features[feature + TILE / 8u]);
}

fn put(share: Share, channel: u32, quad: u32, sum: vec4<f32>) {
    if !share.exit {
        features[channel * (TILE / 4u) + quad] = sine(sum);
    } else if channel < share.outputs {
        let at = channel * stage.positions + share.first + 4u * quad;
        result[at] = sum.x;
        result[at + 1u] = sum.y;
        result[at + 2u] = sum.z;
        result[at + 3u] = sum.w;
    }
}

fn put_all(share: Share, quad: u32, sums: Sums) {
    put(share, 4u * share.block, quad, sums.a);
    put(share, 4u * share.block + 1u, quad, sums.b);
    put(share, 4u * share.block + 2u, quad, sums.c);
    put(share, 4u * share.block + 3u, quad, sums.d);
}

fn make(share: Share) {
    let bias = weights[share.column + share.inputs * share.stride];
    var one = Sums(vec4(bias.x), vec4(bias.y), vec4(bias.z), vec4(bias.w));
    var other = one;
    if share.busy {
        let q = TILE / 4u;
        let s = share.stride;
        // Eight inputs at a time, so that loads are on their way while the sums before are made.
        for (var k = 0u; k < share.inputs; k += 8u) {
            let w = share.column + k * s;
            let x = k * q + share.lane;
            add_two(&one, &other, w, x);
            add_two(&one, &other, w + s, x + q);
            add_two(&one, &other, w + 2u * s, x + 2u * q);
            add_two(&one, &other, w + 3u * s, x + 3u * q);
            add_two(&one, &other, w + 4u * s, x + 4u * q);
            add_two(&one, &other, w + 5u * s, x + 5u * q);
            add_two(&one, &other, w + 6u * s, x + 6u * q);
            add_two(&one, &other, w + 7u * s, x + 7u * q);
        }
    }
    // All have read the features; only now may they be overwritten.
    workgroupBarrier();
    if share.busy {
        put_all(share, share.lane, one);
        put_all(share, TILE / 8u + share.lane, other);
    }
}
