"""Belady's OPT: evict what is needed again last. Needs the future, which a replayed trace has."""

import heapq


class Opt:
    """The heap also holds outdated promises; they are thrown away when they come up."""

    NEEDS_FUTURE = True

    def __init__(self, nr_pages, future):
        self.future, self.heap = future, []
        self.keys, self.following = {}, {}

    def insert(self, page, key):
        self.keys[page] = key
        self.access(page)

    def access(self, page):
        self.following[page] = self.future.next_use(self.keys[page])
        heapq.heappush(self.heap, (-self.following[page], page))

    def evict(self):
        while self.heap:
            following, page = self.heap[0]
            if self.following.get(page) == -following:
                return page
            heapq.heappop(self.heap)
        return 0

    def remove(self, page):
        del self.keys[page], self.following[page]
