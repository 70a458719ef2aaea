# SPDX-License-Identifier: Apache-2.0
"""What the lab shares with the end-to-end tests is found there."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'test/integration')]
