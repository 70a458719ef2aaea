# SPDX-License-Identifier: Apache-2.0
"""What is put side by side: a balancer with its settings, and the targets as they are or cured."""
from dataclasses import dataclass
from typing import Callable

from daruma import Daruma
from haproxy import HAProxy
from nginx import NginxBalancer


@dataclass(frozen=True)
class Variant:
    name: str
    meaning: str
    # (folder, targets, shape, path of daruma) → balancer.Balancer
    start: Callable
    fixed: bool = False  # Apache after the usual cure (shapes.Target.fixed)


VARIANTS = {variant.name: variant for variant in (
    Variant('daruma-alb', 'Daruma as a plain ALB: saturation guard off',
            lambda folder, targets, shape, daruma: Daruma(folder, targets, shape, daruma, False)),
    Variant('daruma', 'Daruma with its saturation guard on', Daruma),
    Variant('daruma-fixed', 'Daruma as it comes; Apache after the usual cure: four times the '
            'workers, connections that last', Daruma, fixed=True),
    Variant('haproxy', 'HAProxy, usual settings',
            lambda folder, targets, shape, _: HAProxy(folder, targets, shape)),
    Variant('haproxy-tuned', 'HAProxy told how many workers Apache has: maxconn, leastconn, '
            'http-reuse always, a queue of 5 s',
            lambda folder, targets, shape, _: HAProxy(folder, targets, shape, tuned=True)),
    Variant('nginx', 'nginx, usual settings',
            lambda folder, targets, shape, _: NginxBalancer(folder, targets, shape)),
    Variant('nginx-tuned', 'nginx told how many workers Apache has: max_conns, least_conn',
            lambda folder, targets, shape, _: NginxBalancer(folder, targets, shape, tuned=True)),
)}
