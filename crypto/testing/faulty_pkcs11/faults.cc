#include "crypto/testing/faulty_pkcs11/faults.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace chancery::crypto::testing {
namespace {

struct Code {
  const char* name;
  CK_RV value;
};

#define CODE(name) \
  { #name, name }
constexpr Code kCodes[] = {
    CODE(CKR_OK),
    CODE(CKR_GENERAL_ERROR),
    CODE(CKR_FUNCTION_FAILED),
    CODE(CKR_DEVICE_ERROR),
    CODE(CKR_DEVICE_REMOVED),
    CODE(CKR_TOKEN_NOT_PRESENT),
    CODE(CKR_SESSION_HANDLE_INVALID),
    CODE(CKR_SESSION_CLOSED),
    CODE(CKR_SESSION_COUNT),
    CODE(CKR_KEY_HANDLE_INVALID),
    CODE(CKR_USER_NOT_LOGGED_IN),
    CODE(CKR_PIN_INCORRECT),
    CODE(CKR_PIN_LOCKED),
    CODE(CKR_PIN_EXPIRED),
};
#undef CODE

[[noreturn]] void Die(const std::string& line, const char* why) {
  std::fprintf(stderr, "faulty PKCS#11 module: \"%s\": %s\n", line.c_str(),
               why);
  std::abort();
}

CK_RV ToCode(const std::string& line, const std::string& word) {
  for (const Code& code : kCodes) {
    if (word == code.name) return code.value;
  }
  char* end = nullptr;
  const CK_RV value = std::strtoul(word.c_str(), &end, 0);
  if (word.empty() || *end != '\0') Die(line, "not a code");
  return value;
}

unsigned long ToNumber(const std::string& line, const std::string& word) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(word.c_str(), &end, 0);
  if (word.empty() || *end != '\0') Die(line, "not a number");
  return value;
}

std::string Hex(const std::string& bytes) {
  std::string out;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}

bool IsNamed(const KeyName& key, const std::string& wanted) {
  if (wanted.rfind("id:", 0) == 0) {
    return !key.id.empty() && "id:" + Hex(key.id) == wanted;
  }
  return !key.label.empty() && key.label == wanted;
}

bool IsLifecycle(const std::string& function) {
  return function == "C_Initialize" || function == "C_Finalize";
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

Faults::Faults(std::string commands) : path_(std::move(commands)) {}

void Faults::ParseLine(const std::string& line, Commands& commands) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  const auto word = [&words] {
    std::string out;
    words >> out;
    return out;
  };
  if (command == "absent") {
    commands.absent = true;
  } else if (command == "slots") {
    commands.slot_offset = ToNumber(line, word());
  } else if (command == "flags") {
    commands.flags = ToNumber(line, word());
  } else if (command == "log") {
    commands.logged.push_back(word());
  } else if (command == "swap") {
    const std::string key = word();
    commands.swaps.push_back({key, word()});
  } else if (command == "fail" || command == "delay" || command == "corrupt") {
    Rule rule;
    if (command == "corrupt") {
      rule.kind = Rule::kCorrupt;
      rule.function = "C_Sign";
    } else {
      rule.function = word();
    }
    if (command == "fail") rule.code = ToCode(line, word());
    if (command == "delay") {
      rule.kind = Rule::kDelay;
      rule.delay = std::chrono::milliseconds(ToNumber(line, word()));
    }
    for (std::string limit = word(); !limit.empty(); limit = word()) {
      if (limit == "next") {
        rule.left = static_cast<int>(ToNumber(line, word()));
      } else if (limit == "key") {
        rule.key = word();
      } else {
        Die(line, "neither `next` nor `key`");
      }
    }
    commands.rules.push_back(std::move(rule));
  } else {
    Die(line, "not a command");
  }
}

Faults::Commands Faults::Parse(const std::string& text) {
  Commands commands;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#') ParseLine(line, commands);
  }
  return commands;
}

bool Faults::Refresh() {
  if (path_.empty()) return false;
  const std::lock_guard lock(mu_);
  struct stat now = {};
  if (stat(path_.c_str(), &now) != 0 || SameFile(now, seen_)) return false;
  std::ifstream file(path_);
  const std::string text((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  const bool was_absent = commands_.absent;
  commands_ = Parse(text);
  seen_ = now;
  return commands_.absent && !was_absent;
}

Faults::Effect Faults::Of(const std::string& function, const KeyName& key) {
  const std::lock_guard lock(mu_);
  Effect effect;
  for (Rule& rule : commands_.rules) {
    if (rule.function != function &&
        (rule.function != "*" || IsLifecycle(function))) {
      continue;
    }
    if (!rule.key.empty() && !IsNamed(key, rule.key)) continue;
    if (rule.left) {
      if (*rule.left == 0) continue;
      --*rule.left;
    }
    switch (rule.kind) {
      case Rule::kFail:
        effect.fail = rule.code;
        return effect;
      case Rule::kDelay:
        effect.delay += rule.delay;
        break;
      case Rule::kCorrupt:
        effect.corrupt = true;
        break;
    }
  }
  return effect;
}

void Faults::Log(const std::string& function, CK_RV result) {
  const std::lock_guard lock(mu_);
  const auto& logged = commands_.logged;
  if (std::find(logged.begin(), logged.end(), function) == logged.end()) return;
  std::ofstream(path_ + ".log", std::ios::app)
      << function << " " << result << "\n";
}

bool Faults::absent() {
  const std::lock_guard lock(mu_);
  return commands_.absent;
}

CK_SLOT_ID Faults::slot_offset() {
  const std::lock_guard lock(mu_);
  return commands_.slot_offset;
}

CK_FLAGS Faults::token_flags() {
  const std::lock_guard lock(mu_);
  return commands_.flags;
}

std::optional<std::string> Faults::SwappedFor(const KeyName& key) {
  const std::lock_guard lock(mu_);
  for (const Swap& swap : commands_.swaps) {
    if (IsNamed(key, swap.key)) return swap.label;
  }
  return std::nullopt;
}

}  // namespace chancery::crypto::testing
