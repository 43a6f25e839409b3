#include "crypto/testing/faulty_hsm.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto::testing {

FaultyHsm::FaultyHsm() : commands_(TempPath("faults")) {
  setenv("FAULTY_PKCS11_MODULE", kSoftHsmModule, 1);
  setenv("FAULTY_PKCS11_COMMANDS", commands_.c_str(), 1);
  Command("");
}

void FaultyHsm::Command(const std::string& commands) {
  std::remove((commands_ + ".log").c_str());
  const std::string fresh = commands_ + ".new";
  std::ofstream(fresh) << commands;
  EXPECT_EQ(std::rename(fresh.c_str(), commands_.c_str()), 0);
}

int FaultyHsm::Calls(const std::string& function) const {
  std::ifstream log(commands_ + ".log");
  int calls = 0;
  for (std::string line; std::getline(log, line);) {
    calls += line.rfind(function + " ", 0) == 0;
  }
  return calls;
}

std::string FaultyHsm::Uri(const std::string& token, const std::string& rest) {
  // Tests run in the root of their runfiles.
  static const std::string module = std::filesystem::absolute(
      "crypto/testing/faulty_pkcs11/libfaulty_pkcs11.so");
  return "pkcs11:token=" + token + rest + "?module-path=" + module;
}

}  // namespace chancery::crypto::testing
