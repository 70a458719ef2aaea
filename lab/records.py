# SPDX-License-Identifier: Apache-2.0
"""What became of each request, as daruma_surge wrote it (lab/surge/record_file.h)."""
from collections import namedtuple

# Times are seconds since the start, None where it did not come that far. status is 0 without a
# response. `outcome` is 'answered' for every complete response, whatever its status.
Record = namedtuple('Record', 'number attempt reused status outcome intended sent first done')


def parse(line):
    number, attempt, reused, status, outcome, *times = line.split(',')
    return Record(int(number), int(attempt), reused == '1', int(status), outcome,
                  *(None if time == '-1' else int(time) / 1e6 for time in times))


def ok(record):
    """Whether the user got what was asked for."""
    return record.outcome == 'answered' and 200 <= record.status < 300


def latency(record):
    """Seconds from when the user meant to send until the end, whatever the end."""
    return record.done - record.intended


class RecordsFile:
    """The file while it grows."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.start = None  # seconds since 1970, once known
        self.rest = ''

    def new(self):
        """The records that have been written since the last call."""
        if self.file is None:
            if not self.path.exists():
                return []
            self.file = open(self.path, encoding='ascii')
        lines = (self.rest + self.file.read()).split('\n')
        self.rest = lines.pop()
        found = []
        for line in lines:
            if line.startswith('# start_unix_us='):
                self.start = int(line.split('=')[1]) / 1e6
            elif line[:1].isdigit():
                found.append(parse(line))
        return found
