"""A capture source in a few lines: a head that nods and blinks. capture-plugins/src/process/README.md has the format.

    bunraku --source "process:command=python3 data/examples/nod.py"
"""

import json
import math
import time

start = time.monotonic()
while True:
    now = time.monotonic() - start
    blink = 1.0 if now % 4.0 < 0.15 else 0.0
    sample = {
        "time": now,
        "tracked": True,
        "blendshapes": {"eyeBlinkLeft": blink, "eyeBlinkRight": blink},
        "head": {"rotation_deg": [8.0 * math.sin(2.0 * now), 0.0, 0.0]},
    }
    print(json.dumps(sample), flush=True)
    time.sleep(1 / 60)
