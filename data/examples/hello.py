"""Prints the poses of hello.jsonl: four seconds that begin where they end, twenty poses a second.

    python3 data/examples/hello.py > data/examples/hello.jsonl
    bunraku render --poses data/examples/hello.jsonl --out hello

A line is a named pose; what a pose does not name is 0. The names are listed in core/src/pose.rs.
"""

import json
import math

SECONDS, RATE = 4, 20


def bump(time: float, start: float, end: float, ease: float) -> float:
    """0, then 1 from start to end, with soft edges of ease seconds."""
    rise = min(max((time - start) / ease, 0), 1)
    fall = min(max((end - time) / ease, 0), 1)
    x = min(rise, fall)
    return x * x * (3 - 2 * x)


def pose(time: float) -> dict[str, float]:
    turn = 2 * math.pi * time / SECONDS
    look = bump(time, 0.5, 1.7, 0.45)  # to the side, eyes first
    glance = bump(time, 0.35, 1.6, 0.2)
    smile = bump(time, 2.1, 3.7, 0.35)
    laugh = bump(time, 2.4, 3.3, 0.25)
    blink = max(bump(time, at, at + 0.2, 0.1) for at in (0.3, 1.65))
    values = {
        "head_y": 0.85 * look - 0.08 * math.sin(turn),
        "head_x": 0.12 * look - 0.18 * smile + 0.06 * math.sin(2 * turn),
        "neck_z": 0.4 * smile - 0.15 * look,
        "body_y": 0.25 * look,
        "body_z": 0.12 * smile + 0.05 * math.sin(turn),
        "iris_rotation_y": 0.5 * glance - 0.3 * look,
        "iris_rotation_x": 0.08 * math.sin(turn),
        "breathing": 0.5 - 0.5 * math.cos(2 * turn),
        "mouth_aaa": 0.7 * laugh * (0.75 + 0.25 * math.cos(6 * turn)),
    }
    for side in ("left", "right"):
        values[f"eye_wink_{side}"] = blink
        values[f"eye_happy_wink_{side}"] = 0.95 * laugh * (1 - blink)
        values[f"eyebrow_happy_{side}"] = smile
        values[f"eyebrow_raised_{side}"] = 0.35 * look
        values[f"mouth_raised_corner_{side}"] = max(0.25, 0.9 * smile)
    return {name: round(value, 3) + 0.0 for name, value in values.items() if abs(value) >= 0.0005}


for frame in range(SECONDS * RATE):
    print(json.dumps({"name": f"{frame:03}", "pose": pose(frame / RATE)}))
