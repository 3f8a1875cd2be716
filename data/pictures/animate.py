"""Puts head and shoulders of pictures with a transparent background on a card, and makes one looping WebP of them.

    python3 animate.py FOLDER OUT.webp     (needs Pillow)
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

TOP, BOTTOM = (190, 225, 236), (253, 232, 214)  # sky to peach: seen on a white page as on a dark one
PART = (96, 16, 416, 336)  # of 512 x 512: left, top, right, bottom
CORNER = 0.09  # of the edge
MILLISECONDS = 50


def card(edge: int) -> Image.Image:
    """A square with round corners, smoothly coloured from top to bottom."""
    blend = Image.linear_gradient("L").resize((edge, edge))
    paint = Image.composite(Image.new("RGB", (edge, edge), BOTTOM), Image.new("RGB", (edge, edge), TOP), blend)
    shape = Image.new("L", (4 * edge, 4 * edge))
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, 4 * edge - 1, 4 * edge - 1), 4 * edge * CORNER, 255)
    paint.putalpha(shape.resize((edge, edge), Image.Resampling.LANCZOS))
    return paint


def main(folder: str, out: str) -> None:
    pictures = [Image.open(path).convert("RGBA").crop(PART) for path in sorted(Path(folder).glob("[0-9]*.png"))]
    ground = card(pictures[0].width)
    frames = []
    for picture in pictures:
        frame = Image.alpha_composite(ground, picture)
        frame.putalpha(ground.getchannel("A"))  # the character keeps within the corners too
        frames.append(frame)
    frames[0].save(
        out, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0, quality=80, method=6
    )


main(*sys.argv[1:])
