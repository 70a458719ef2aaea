# SPDX-License-Identifier: Apache-2.0
"""Options that are lists of names, as the lab and bench/peers take them."""
import argparse


def names_from(known, what):
    """For argparse: a comma-separated list of known names; 'all' are all."""
    def parse(text):
        names = list(known) if text == 'all' else text.split(',')
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"no {what} '{name}'; there are: {', '.join(known)}")
        return names
    return parse
