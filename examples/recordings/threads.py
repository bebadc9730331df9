"""Four threads that allocate, then two forked workers that allocate more."""

import os
import threading


def work(n: int) -> int:
    blocks = [bytes([i % 256]) * (n << 10) for i in range(200)]
    return sum(len(b) for b in blocks)


threads = [threading.Thread(target=work, args=(n,)) for n in (16, 64, 150, 400)]
for t in threads:
    t.start()
for t in threads:
    t.join()

for n in (32, 256):
    pid = os.fork()
    if pid == 0:
        work(n)
        os._exit(0)
    os.waitpid(pid, 0)
