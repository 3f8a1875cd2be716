#!/usr/bin/env python3
"""Makes the small goldens beside it: `python3 make.py` (needs NumPy).

Students of formula weights, evaluated in float64 straight from core/spec/student.md: features, position and pose go
through every layer at full width, without the engines' rewrites. Each golden names its seed and widths, and holds a few
pixels of its frame.
"""
import json
from pathlib import Path

import numpy as np

FACE = slice(0, 39)  # the pose parameters that the face morpher reads
ROW, COLUMN, WINDOW, EDGE = 80, 192, 128, 512
MASK = (1 << 64) - 1


class SplitMix64:
    """core/src/random.rs: weights are uniform in -bound to bound, computed in float32."""

    def __init__(self, seed):
        self.state = seed

    def number(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def values(self, count, bound):
        units = np.array([(self.number() >> 40) * 2.0**-24 for _ in range(count)], np.float32)
        return (np.float32(2) * units - np.float32(1)) * np.float32(bound)


def stack(random, inputs, widths, first):
    """Sine layers as core/src/character/sample.rs makes them."""
    layers = []
    for index, outputs in enumerate(widths):
        one, six, thirty, wide = np.float32(1), np.float32(6), np.float32(30), np.float32(inputs)
        bound = one / wide if first and index == 0 else np.sqrt(six / wide) / thirty
        weight = random.values(inputs * outputs, bound).reshape(outputs, inputs)
        layers.append((weight, random.values(outputs, one / np.sqrt(wide))))
        inputs = outputs
    return layers


def last(random, inputs, channels):
    bound = lambda spread: np.float32(spread) * np.sqrt(np.float32(6) / np.float32(inputs))
    weight = np.stack([random.values(inputs, bound(spread)) for _, spread in channels])
    return weight, np.array([mean for mean, _ in channels], np.float32)


def student(seed, widths):
    random = SplitMix64(seed)
    face = stack(random, 2 + 39, widths["face"], True)
    face_last = last(random, widths["face"][-1], [(0.1, 0.25), (-0.1, 0.25), (-0.2, 0.25), (0.9, 0.05)])
    levels, features = [], 0
    for level, outputs in enumerate(widths["body"]):
        levels.append(stack(random, features + 2 + 45, outputs, level == 0))
        features = outputs[-1]
    change = [(0.0, 0.05), (0.0, 0.05), (0.1, 0.1), (0.0, 0.3), (0.0, 0.3), (0.0, 0.3), (0.5, 0.3)]
    return face, face_last, levels, last(random, features, change)


def picture():
    """Triangle waves, exact in float32."""
    y, x = np.mgrid[0:EDGE, 0:EDGE].astype(np.float64)
    wave = lambda c: np.abs((x * (c + 1) + y * (4 - c) + 37 * c) % 256 - 128) / 64 - 1
    return np.stack([wave(c) for c in range(4)])


def linear(layer, x):
    weight, bias = layer
    return np.tensordot(weight.astype(np.float64), x, 1) + bias.astype(np.float64)[:, None, None]


def sines(layers, x):
    for layer in layers:
        x = np.sin(30 * linear(layer, x))
    return x


def positions(edge):
    centre = (2 * np.arange(edge) + 1) / edge - 1
    return np.stack(np.broadcast_arrays(centre[None, :], centre[:, None]))


def planes(pose, edge):
    return np.broadcast_to(np.asarray(pose, np.float64)[:, None, None], (len(pose), edge, edge))


def between(image, v, u):
    """Bilinear, at places in pixels from the first centre, clamped at the edges."""
    last_row, last_column = image.shape[1] - 1, image.shape[2] - 1
    v, u = np.clip(v, 0, last_row), np.clip(u, 0, last_column)
    top, left = np.floor(v).astype(int), np.floor(u).astype(int)
    bottom, right = np.minimum(top + 1, last_row), np.minimum(left + 1, last_column)
    fv, fu = v - top, u - left
    upper = image[:, top, left] * (1 - fu) + image[:, top, right] * fu
    lower = image[:, bottom, left] * (1 - fu) + image[:, bottom, right] * fu
    return upper * (1 - fv) + lower * fv


def resized(image, edge):
    place = (np.arange(edge) + 0.5) * image.shape[1] / edge - 0.5
    return between(image, *np.meshgrid(place, place, indexing="ij"))


def frame(model, pose, size, grids):
    face, face_last, levels, body_last = model
    image = picture()
    window = np.concatenate([positions(WINDOW), planes(pose[FACE], WINDOW)])
    image[:, ROW : ROW + WINDOW, COLUMN : COLUMN + WINDOW] = linear(face_last, sines(face, window))
    features = None
    for layers, edge in zip(levels, grids):
        x = [positions(edge), planes(pose, edge)]
        features = sines(layers, np.concatenate(x if features is None else [resized(features, edge), *x]))
    # Below 512, a pixel is the mean of some samples of the warped picture.
    samples = -(-EDGE // size)
    field = linear(body_last, features)
    field = field if field.shape[1] == size * samples else resized(field, size * samples)
    x, y = positions(size * samples) + field[:2]
    warped = between(image, ((y + 1) * EDGE - 1) / 2, ((x + 1) * EDGE - 1) / 2)
    blended = (1 - field[2]) * warped + field[2] * field[3:]
    return blended.reshape(4, size, samples, size, samples).mean((2, 4))


def golden(seed, widths, size, quality):
    grids = {"full": [128, 256, size], "fast": [96, 192, -(-3 * size // 4)]}[quality]
    # Both signs where a parameter has them, and values beyond 1, which a student takes unclamped.
    pose = [round(((7 * i + 3 * seed) % 23) / 20 - (0.5 if i >= 37 else 0), 2) for i in range(45)]
    drawn = frame(student(seed, widths), np.float32(pose).astype(np.float64), size, grids)
    places = SplitMix64(1000 + seed)
    pixels = [(places.number() % size, places.number() % size) for _ in range(16)]
    face = [(r * size // EDGE, c * size // EDGE) for r in (80, 120, 160, 207) for c in (192, 230, 270, 319)]
    points = [[r, c, *(round(float(v), 7) for v in drawn[:, r, c])] for r, c in pixels + face]
    return {"seed": seed, "widths": widths, "size": size, "quality": quality, "pose": pose, "points": points}


def main():
    tiny = {"face": [16, 20], "body": [[24, 12], [16, 10], [12, 8]]}
    odd = {"face": [5], "body": [[7, 3], [9], [6, 13, 11]]}
    cases = {
        "full": (1, tiny, 512, "full"),
        "odd-widths": (2, odd, 512, "full"),
        "small": (3, tiny, 128, "full"),
        "fast": (4, tiny, 200, "fast"),
    }
    for name, case in cases.items():
        text = json.dumps(golden(*case)).replace("], [", "],\n[") + "\n"
        Path(__file__).with_name(f"{name}.json").write_text(text)
        assert len(text) <= 4096, (name, len(text))


main()
