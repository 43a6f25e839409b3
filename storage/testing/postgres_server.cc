#include "storage/testing/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace chancery::storage::testing {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "PostgresServer: %s\n", why.c_str());
  std::abort();
}

// Of the newest version that is installed.
std::string Binaries() {
  int newest = 0;
  std::string found;
  std::error_code error;
  for (const auto& version :
       std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    const int number = std::atoi(version.path().filename().c_str());
    const std::filesystem::path folder = version.path() / "bin";
    if (number <= newest || !std::filesystem::exists(folder / "postgres")) {
      continue;
    }
    newest = number;
    found = folder.string();
  }
  if (found.empty()) Die("not installed: run tools/setup");
  return found;
}

const passwd* ServerUser() {
  if (getuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) Die("no user postgres: run tools/setup");
  return user;
}

// Starts `command` by a shell, as the server's user, with none of the test's
// open files: whoever reads from a test's pipe would wait for the server too.
pid_t Spawn(const std::string& command) {
  const passwd* user = ServerUser();
  const pid_t child = fork();
  if (child != 0) return child;
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1);
  if (user != nullptr &&
      (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 ||
       setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  close_range(STDERR_FILENO + 1, ~0U, 0);
  if (chdir("/") != 0) _exit(126);
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

}  // namespace

PostgresServer::PostgresServer(const PostgresServerOptions& options)
    : options_(options) {
  // Not below TEST_TMPDIR: a socket's path has at most 107 bytes.
  char name[] = "/tmp/chancery-pg-XXXXXX";
  if (mkdtemp(name) == nullptr) Die("cannot make a folder in /tmp");
  folder_ = name;
  if (const passwd* user = ServerUser()) {
    if (chown(name, user->pw_uid, user->pw_gid) != 0)
      Die("cannot chown " + folder_);
  }
  if (Run(Binaries() + "/initdb -D " + folder_ +
          "/data -U chancery --auth=trust --encoding=UTF8 --locale=C.UTF-8 "
          "--no-sync "
          ">/dev/null") != 0) {
    Die("initdb failed");
  }
  Start();
}

PostgresServer::~PostgresServer() {
  Kill();
  std::error_code error;  // What cannot be removed stays in /tmp.
  std::filesystem::remove_all(folder_, error);
}

int PostgresServer::Run(const std::string& command) const {
  const pid_t child = Spawn(command);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void PostgresServer::Start() {
  if (pid_ >= 0) return;
  pid_ = Spawn("exec " + Binaries() + "/postgres -D " + folder_ + "/data -k " +
               folder_ + " -c listen_addresses= -c fsync=" +
               (options_.fsync ? "on" : "off") + " 2>>" + folder_ + "/log");
  for (int tries = 0; tries < 600; ++tries) {
    if (Run(Binaries() + "/pg_isready -q -h " + folder_ + " -U chancery") == 0)
      return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_)
      Die("it ended: see " + folder_ + "/log");
    poll(nullptr, 0, 50);
  }
  Die("it does not answer");
}

void PostgresServer::Stop() { End(SIGINT); }
void PostgresServer::Kill() { End(SIGQUIT); }

void PostgresServer::End(int signal) {
  if (pid_ < 0) return;
  kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string PostgresServer::Connection(const std::string& database) {
  Run(Binaries() + "/createdb -h " + folder_ + " -U chancery " + database +
      " 2>/dev/null");
  return "host=" + folder_ + " user=chancery dbname=" + database;
}

}  // namespace chancery::storage::testing
