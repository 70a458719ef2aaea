# SPDX-License-Identifier: Apache-2.0
"""Once a second: what the kernel and the balancer say. A sample is a dictionary, for JSON."""
import os
import time

from system import cpu_by_session, parse_sockets, processor_time, socket_lines


class Recorder:
    def __init__(self, balancer, targets, surge):
        self.balancer = balancer
        self.targets = targets
        self.surge = surge
        self.samples = []
        self.ports = sorted({int(listener.rsplit(':', 1)[1])
                             for target in targets for listener in target.listeners})
        self.before = self._times()

    def _times(self):
        sessions = {'balancer': [self.balancer.process.pid], 'surge': [self.surge.pid],
                    'targets': [pid for target in self.targets for pid in target.sessions()],
                    'lab': [os.getsid(0)]}
        used = cpu_by_session([pid for pids in sessions.values() for pid in pids])
        return (*processor_time(),
                {who: sum(used[pid] for pid in pids) for who, pids in sessions.items()})

    def processor(self):
        """Parts of all processors' time since the last call: idle, low (spent by low-priority
        processes), and by whom the rest was used."""
        now, before = self._times(), self.before
        self.before = now
        whole = max(now[0] - before[0], 1e-9)
        used = {who: max(0.0, seconds - before[3].get(who, 0.0)) / whole
                for who, seconds in now[3].items()}
        idle, low = (now[1] - before[1]) / whole, (now[2] - before[2]) / whole
        used['others'] = max(0.0, 1 - idle - low - sum(used.values()))
        return {'idle': idle, 'low': low, 'used': used}

    def sample(self, moment):
        queue, connections = parse_sockets(socket_lines(self.ports))
        shown = self._ask_balancer()
        for target in self.targets:
            one = shown['targets'].setdefault(target.name, {'state': None, 'reason': None})
            one['queue'] = sum(queue.get(listener, 0) for listener in target.listeners)
            one['connections'] = connections.get(target.name, 0)
        self.samples.append({'t': moment, **self.processor(), **shown})
        return self.samples[-1]

    def _ask_balancer(self):
        try:
            return self.balancer.sample()
        except OSError as problem:  # it has more urgent things to do than to tell how it is
            return {'targets': {}, 'group': {}, 'problem': str(problem)}


def seconds_from(start):
    """Each whole second since `start` (seconds since 1970), as it comes; the caller ends it."""
    moment = 0
    while True:
        time.sleep(max(0.0, start + moment - time.time()))
        yield moment
        moment = max(moment + 1, int(time.time() - start))
