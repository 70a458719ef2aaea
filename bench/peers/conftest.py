# SPDX-License-Identifier: Apache-2.0
"""What the comparison shares with the end-to-end tests and the lab is found there."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / 'test/integration')]
