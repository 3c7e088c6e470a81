"""A pool of processes, as a user of Python would use it. The parent writes the results to a file.

    python3 multiprocessing_pool.py <processes> <parameters> <parameters a task> <file>

Prints the milliseconds, without the start of the processes.
"""

import sys
import time
from array import array
from functools import partial
from multiprocessing import Pool


def evaluate(parameter):
    return 2 * parameter + 1


def evaluate_one(parameter):
    return parameter, float(evaluate(parameter))


def evaluate_many(count, start):
    return start, array("d", [evaluate(parameter) for parameter in range(start, start + count)])


def compute(pool, total, per_task, path):
    with open(path, "wb") as file:
        if per_task == 1:
            values = array("d", bytes(8 * total))
            for parameter, value in pool.imap_unordered(evaluate_one, range(total), chunksize=1):
                values[parameter] = value
            values.tofile(file)
        else:
            for start, values in pool.imap_unordered(partial(evaluate_many, per_task), range(0, total, per_task)):
                file.seek(8 * start)
                values.tofile(file)


if __name__ == "__main__":
    processes, total, per_task = map(int, sys.argv[1:4])
    with Pool(processes) as pool:
        compute(pool, total // 10, per_task, sys.argv[4])
        started_at = time.perf_counter()
        compute(pool, total, per_task, sys.argv[4])
        print((time.perf_counter() - started_at) * 1000)
