import json
import random
import sys

for line in sys.stdin:
    request = json.loads(line)
    random.seed(request["seed"])  # Another seed for each parameter, derived from the run's seed.
    x, y = random.random(), random.random()
    print(json.dumps({"inside": 1 if x * x + y * y < 1 else 0}), flush=True)
