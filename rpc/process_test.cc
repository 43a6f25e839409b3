#include "rpc/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

extern char** environ;

namespace chancery::rpc {
namespace {

using crypto::testing::WriteTemp;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The program of testing/idle_main.cc, running.
class Idle {
 public:
  explicit Idle(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "rpc/testing/idle");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    EXPECT_EQ(
        posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_fd_ = ends[0];
  }
  ~Idle() { close(output_fd_); }

  // Reads until it has printed `text` or ended.
  void Await(const std::string& text) {
    while (output_.find(text) == std::string::npos && ReadSome()) {
    }
  }
  void Signal(int signal) const { kill(pid_, signal); }
  int pid() const { return pid_; }

  // Its exit code, once it has ended.
  int Wait() {
    while (ReadSome()) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& output() const { return output_; }

 private:
  bool ReadSome() {
    char buffer[4096];
    const ssize_t got = read(output_fd_, buffer, sizeof buffer);
    if (got <= 0) return false;
    output_.append(buffer, size_t(got));
    return true;
  }

  pid_t pid_ = -1;
  int output_fd_ = -1;
  std::string output_;
};

std::string Config(const std::string& text) {
  return WriteTemp("idle.textproto", text);
}

TEST(MainTest, EndsCleanlyAtASignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Idle idle({"--config", Config("cache_dir: 'a' logging { format: JSON }")});
    idle.Await("\"event\":\"idle\"");
    idle.Signal(signal);
    EXPECT_EQ(idle.Wait(), 0) << idle.output();
    std::istringstream lines(idle.output());
    std::vector<std::string> events;
    for (std::string line; std::getline(lines, line);) {
      events.push_back(nlohmann::json::parse(line)["event"]);
    }
    EXPECT_THAT(events, ::testing::ElementsAre("starting", "idle", "stopping",
                                               "stopped"));
  }
}

TEST(MainTest, LeavesNoCoreOrOpenFileAndIgnoresSigpipe) {
  Idle idle({"--config=" + Config("cache_dir: 'a'")});
  idle.Await(" idle ");
  idle.Signal(SIGPIPE);
  const std::string limits = crypto::testing::Shell(
      "cat /proc/" + std::to_string(idle.pid()) + "/limits | grep core");
  EXPECT_THAT(limits, ::testing::ContainsRegex("core file size +0 +0 "));
  EXPECT_THAT(crypto::testing::Shell("grep Umask /proc/" +
                                     std::to_string(idle.pid()) + "/status"),
              HasSubstr("0077"));
  idle.Signal(SIGTERM);
  EXPECT_EQ(idle.Wait(), 0) << idle.output();
}

TEST(MainTest, SaysWhyItFailed) {
  Idle idle({"--config", Config("cache_dir: 'broken'")});
  EXPECT_EQ(idle.Wait(), 1);
  EXPECT_THAT(idle.output(),
              HasSubstr("ERROR failed error=\"DATA_LOSS: it broke\""));
}

TEST(MainTest, RefusesABadConfiguration) {
  Idle unset({"--config", Config("threads: 1")});
  EXPECT_EQ(unset.Wait(), 2);
  EXPECT_THAT(unset.output(),
              AllOf(HasSubstr("idle.textproto: "),
                    HasSubstr("field `cache_dir`: value ``: is required")));
  Idle unknown({"--config", Config("cache: 'a'")});
  EXPECT_EQ(unknown.Wait(), 2);
  EXPECT_THAT(unknown.output(), HasSubstr("idle.textproto:1:"));
}

TEST(MainTest, RefusesAConfigurationWhoseFilesAreWrong) {
  const std::string config = Config("cache_dir: 'missing'");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--config", config},
        std::vector<std::string>{"--check-config", "--config", config}}) {
    Idle idle(arguments);
    EXPECT_EQ(idle.Wait(), 2);
    EXPECT_THAT(idle.output(), HasSubstr("idle.textproto: field `cache_dir`: "
                                         "value `missing`: is not there"));
  }
}

TEST(MainTest, ChecksAConfigurationWithoutRunning) {
  Idle good({"--check-config", "--config", Config("cache_dir: 'broken'")});
  EXPECT_EQ(good.Wait(), 0);
  EXPECT_THAT(good.output(), ::testing::EndsWith("idle.textproto: OK\n"));
  Idle bad({"--check-config", "--config", Config("")});
  EXPECT_EQ(bad.Wait(), 2);
}

TEST(MainTest, TakesTheSwitchesOfItsService) {
  Idle idle({"--force", "--config", Config("cache_dir: 'a'")});
  idle.Await(" idle ");
  idle.Signal(SIGTERM);
  EXPECT_EQ(idle.Wait(), 0);
  EXPECT_THAT(idle.output(), HasSubstr("idle forced=true"));
}

TEST(MainTest, HelpsAndTellsItsVersion) {
  Idle help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_THAT(help.output(),
              AllOf(HasSubstr("Does nothing, well."), HasSubstr("--force"),
                    HasSubstr("A textproto of chancery.config.Responder"),
                    HasSubstr("must hold: cache_dir.")));
  Idle version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_THAT(version.output(), ::testing::MatchesRegex("idle [0-9.]+\n"));
}

TEST(MainTest, RefusesBadFlags) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } kCases[] = {
      {{}, "flag `--config` is required"},
      {{"--config"}, "flag `--config` needs a value"},
      {{"--colour"}, "flag `--colour` is unknown"},
      {{"--help=yes"}, "flag `--help=yes` is unknown"},
      {{"start"}, "argument `start` is no flag"},
  };
  for (const auto& c : kCases) {
    Idle idle(c.arguments);
    EXPECT_EQ(idle.Wait(), 2);
    EXPECT_THAT(idle.output(), HasSubstr(c.message));
  }
}

TEST(ProcessTest, SleepEndsWhenItIsToStop) {
  const Log log({.level = LogLevel::kError}, base::SystemClock());
  Process process(base::SystemClock(), log);
  EXPECT_TRUE(process.SleepFor(absl::Milliseconds(1)));
  std::thread stopper([&] { process.RequestStop(); });
  EXPECT_FALSE(process.SleepFor(absl::InfiniteDuration()));
  process.WaitForStop();
  stopper.join();
}

}  // namespace
}  // namespace chancery::rpc
