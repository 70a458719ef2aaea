// SPDX-License-Identifier: Apache-2.0
#include "app/process_limits.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::app {

namespace limits = model::limits;

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  DARUMA_ASSERT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

size_t client_connections_per_worker(uint64_t descriptor_limit, size_t workers) {
  const uint64_t reserved = std::min(descriptor_limit, limits::descriptors_reserved);
  const uint64_t share = (descriptor_limit - reserved) / 4 * 3 / workers;
  return std::clamp<uint64_t>(share, 1, limits::client_connections_max);
}

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
  }
  if (cores.empty()) cores.push_back(0);
  return cores;
}

bool pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

}  // namespace daruma::app
