# SPDX-License-Identifier: Apache-2.0
"""What the experiment asks of a balancer, whoever made it."""
import re
from abc import ABC, abstractmethod

# How patient all of them are: the settings that most people would write.
CHECK_INTERVAL, CHECK_TIMEOUT, FALL, RISE = 5, 2, 2, 2
CONNECT_TIMEOUT, ANSWER_TIMEOUT, QUEUE_TIMEOUT = 5, 10, 5

REQUEST = re.compile(r'/page\?n=(\d+)&try=(\d+)')


def request_in(line):
    """(number, attempt) of the surge's request that a log line tells of; None if of no such."""
    found = REQUEST.search(line)
    return (int(found.group(1)), int(found.group(2))) if found else None


class Balancer(ABC):
    """Listens with TLS on 127.0.0.1:`port`, in front of targets (targets.LabTarget)."""

    port = None
    process = None

    @abstractmethod
    def version(self):
        """One line."""

    @abstractmethod
    def sample(self):
        """{'targets': {name: {'state', 'reason', …}}, 'group': {…}} as it stands now.

        state is 'healthy', 'unhealthy', another word of the balancer's own, or None where it does
        not say.
        """

    @abstractmethod
    def reasons(self):
        """(number, attempt) → why the request was not answered by a target; after the end."""

    @abstractmethod
    def configuration(self):
        """The text that it was given."""

    def settled(self):
        """Whether it knows its targets to be healthy."""
        return all(target['state'] in ('healthy', None)
                   for target in self.sample()['targets'].values())

    def close(self):
        """Ends it, orderly if it will, so that its logs are complete."""
        self.process.kill()
