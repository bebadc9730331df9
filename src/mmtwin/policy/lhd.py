"""LHD (Beckmann and others, NSDI 2018): evict what promises the fewest hits for its room and time.
Ages are uses of the cache in coarse steps; of 32 pages drawn at random the worst goes."""

import random

AGES, SAMPLE, STEP, EVERY = 128, 32, 1 << 12, 1 << 16


class Lhd:
    """hits[a], ends[a]: pages that were used, or went, at age a; density[a]: what to expect."""

    def __init__(self, nr_pages):
        self.now, self.random = 0, random.Random(1)
        self.pages, self.place, self.last = [], {}, {}
        self.hits, self.ends = [0.0] * AGES, [0.0] * AGES
        self.density = [1.0 / (age + 1) for age in range(AGES)]

    def age(self, page):
        return min((self.now - self.last[page]) // STEP, AGES - 1)

    def insert(self, page, key):
        self.place[page], self.last[page] = len(self.pages), self.now
        self.pages.append(page)

    def access(self, page):
        self.hits[self.age(page)] += 1
        self.last[page] = self.now
        self.now += 1
        if self.now % EVERY == 0:
            self.learn()

    def evict(self):
        drawn = [self.random.choice(self.pages) for _ in range(SAMPLE if self.pages else 0)]
        return min(drawn, key=lambda page: self.density[self.age(page)], default=0)

    def remove(self, page):
        self.ends[self.age(page)] += 1
        self.now += 1
        at, moved = self.place.pop(page), self.pages.pop()
        if moved != page:
            self.pages[at], self.place[moved] = moved, at
        del self.last[page]

    def learn(self):
        hits = events = life = 0.0
        for age in reversed(range(AGES)):
            hits, events = hits + self.hits[age], events + self.hits[age] + self.ends[age]
            life += events
            self.density[age] = hits / life if life else 0.0
            self.hits[age], self.ends[age] = self.hits[age] * 0.9, self.ends[age] * 0.9
