# SPDX-License-Identifier: Apache-2.0
"""The surge's rate over time, as lab/surge/profile.h reads it, and what arithmetic says of it."""

STEP = 0.05  # seconds


class Profile:
    """A line through (seconds, requests a second); `text` is '0:20,5:20,15:100'."""

    def __init__(self, text):
        self.text = text
        self.points = [tuple(float(number) for number in piece.split(':'))
                       for piece in text.split(',')]

    @property
    def seconds(self):
        return self.points[-1][0]

    @property
    def peak(self):
        return max(rate for _, rate in self.points)

    @property
    def surge(self):
        """(begin, end) of the time at the highest rate."""
        times = [time for time, rate in self.points if rate == self.peak]
        return times[0], times[-1]

    def rate(self, time):
        """Requests a second at that moment; at a jump, the rate after it."""
        for (begin, rate), (end, next_rate) in zip(self.points, self.points[1:]):
            if begin <= time < end:
                return rate + (next_rate - rate) * (time - begin) / (end - begin)
        return 0.0

    def steps(self):
        """(moment, requests due within the step that begins there)."""
        for i in range(round(self.seconds / STEP)):
            yield i * STEP, self.rate((i + 0.5) * STEP) * STEP

    @property
    def requests(self):
        return sum(due for _, due in self.steps())


def nominal_bound(profile, capacity):
    """The part of all requests that capacity(t), in requests a second, can serve.

    What comes above capacity is lost: nothing is carried over to calmer times. A balancer may beat
    it by the little that waits in queues when the surge ends.
    """
    served = sum(min(due, capacity(time) * STEP) for time, due in profile.steps())
    return served / profile.requests
