#include "crypto/testing/command.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "gtest/gtest.h"

namespace chancery::crypto::testing {

std::string Shell(const std::string& command) {
  const std::string errors = TempPath("stderr");
  std::string out;
  FILE* pipe = popen(("(" + command + ") 2>" + errors).c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return out;
  }
  char buffer[4096];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) {
    out.append(buffer, got);
  }
  if (pclose(pipe) != 0) {
    const std::ifstream text(errors);
    ADD_FAILURE() << command << " failed: " << text.rdbuf();
  }
  return out;
}

bool Succeeds(const std::string& command) {
  return std::system(("(" + command + ") >/dev/null 2>&1").c_str()) == 0;
}

std::string TempPath(const std::string& name) {
  return ::testing::TempDir() + "/" + name;
}

std::string WriteTemp(const std::string& name, const std::string& content,
                      int mode) {
  const std::string path = TempPath(name);
  std::remove(path.c_str());
  std::ofstream(path, std::ios::binary) << content;
  EXPECT_EQ(chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
  return path;
}

}  // namespace chancery::crypto::testing
