#ifndef CHANCERY_TESTS_BENCH_CPU_TIME_H_
#define CHANCERY_TESTS_BENCH_CPU_TIME_H_

#include <string>
#include <vector>

namespace chancery::bench {

// Seconds of user and system time that all threads of these processes have
// spent, to the nanosecond for those that are not running just now (Linux,
// /proc/PID/task/TID/schedstat). 0 for a process that is not there.
double CpuSeconds(const std::vector<std::string>& pids);

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_CPU_TIME_H_
