#include "tests/bench/cpu_time.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace chancery::bench {

double CpuSeconds(const std::vector<std::string>& pids) {
  double nanoseconds = 0;
  for (const std::string& pid : pids) {
    std::error_code error;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + pid + "/task", error)) {
      std::ifstream file(task.path() / "schedstat");
      double running = 0;
      if (file >> running) nanoseconds += running;
    }
  }
  return nanoseconds * 1e-9;
}

}  // namespace chancery::bench
