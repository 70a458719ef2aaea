# SPDX-License-Identifier: Apache-2.0
"""Rates, capacities and bounds by arithmetic."""
import pytest

from rates import Profile, nominal_bound
from shapes import SHAPES, Event, Shape, Target, surge


def test_a_profile_is_a_line_through_its_points():
    profile = Profile('0:20,5:20,15:100,75:100,80:20,95:20')
    assert [profile.rate(time) for time in (0, 4.9, 10, 15, 74, 77.5, 94, 95)] == [
        20, 20, 60, 100, 100, 60, 20, 0]
    assert profile.requests == pytest.approx(7300)
    assert profile.surge == (15, 75)
    assert (profile.peak, profile.seconds) == (100, 95)


def test_surge_writes_the_default_profile():
    assert surge(100) == '0:20,5:20,15:100,75:100,80:20,95:20'
    assert surge(75, 15, seconds=120) == '0:15,5:15,15:75,135:75,140:15,155:15'


@pytest.mark.parametrize('capacity, bound', [
    (1000, 1.0),   # all of it
    (50, 0.5),     # half of a steady rate
    (0, 0.0)])
def test_what_comes_above_capacity_is_lost(capacity, bound):
    assert nominal_bound(Profile('0:100,10:100'), lambda time: capacity) == pytest.approx(bound)


def test_calm_times_do_not_make_up_for_the_surge():
    profile = Profile('0:0,10:0,10:100,20:100')
    assert nominal_bound(profile, lambda time: 50) == pytest.approx(0.5)


def test_the_default_bound_is_the_published_one():
    assert SHAPES['default'].bound() == pytest.approx(0.8305, abs=0.0005)


def test_a_target_answers_workers_over_mean_time():
    assert Target(workers=20, page=(200, 800)).capacity == 40
    assert Target(workers=20, page=(50, 200)).capacity == 160
    assert Target().fixed().capacity == 160


def test_capacity_follows_the_events():
    shape = Shape('x', '', (Target(), Target()), '0:1,90:1', events=(
        Event(10, 0, 'workers', 8), Event(30, 1, 'stop'), Event(40, 1, 'start'),
        Event(60, 0, 'freeze')))
    assert [shape.capacity(time) for time in (0, 10, 35, 45, 70)] == [80, 56, 16, 56, 40]


def test_every_shape_but_the_cured_crosses_capacity():
    for shape in SHAPES.values():
        profile = Profile(shape.profile)
        begin, end = profile.surge
        assert any(profile.rate(time) > shape.capacity(time) for time in range(
            int(begin), int(end))), shape.name
        assert 0.5 < shape.bound() < 1, shape.name
        for event in shape.events:
            assert event.target < len(shape.targets) and event.time < profile.seconds
