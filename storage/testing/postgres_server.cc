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

std::string Binaries() {
  for (const auto& version :
       std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    if (std::filesystem::exists(version.path() / "bin" / "postgres")) {
      return (version.path() / "bin").string();
    }
  }
  Die("not installed: run tools/setup");
}

const passwd* ServerUser() {
  if (getuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) Die("no user postgres: run tools/setup");
  return user;
}

// Starts `command` by a shell, as the server's user.
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
  if (chdir("/") != 0) _exit(126);
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

}  // namespace

PostgresServer::PostgresServer() {
  // Not below TEST_TMPDIR: a socket's path has at most 107 bytes.
  char name[] = "/tmp/chancery-pg-XXXXXX";
  if (mkdtemp(name) == nullptr) Die("cannot make a folder in /tmp");
  folder_ = name;
  if (const passwd* user = ServerUser()) {
    if (chown(name, user->pw_uid, user->pw_gid) != 0)
      Die("cannot chown " + folder_);
  }
  if (Run(Binaries() + "/initdb -D " + folder_ +
          "/data -U chancery --auth=trust --encoding=UTF8 --no-sync "
          ">/dev/null") != 0) {
    Die("initdb failed");
  }
  Start();
}

PostgresServer::~PostgresServer() {
  Kill();
  std::filesystem::remove_all(folder_);
}

int PostgresServer::Run(const std::string& command) const {
  const pid_t child = Spawn(command);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void PostgresServer::Start() {
  pid_ = Spawn("exec " + Binaries() + "/postgres -D " + folder_ + "/data -k " +
               folder_ + " -c listen_addresses= -c fsync=off 2>>" + folder_ +
               "/log");
  for (int tries = 0; tries < 600; ++tries) {
    if (Run(Binaries() + "/pg_isready -q -h " + folder_ + " -U chancery") == 0)
      return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_)
      Die("it ended: see " + folder_ + "/log");
    poll(nullptr, 0, 50);
  }
  Die("it does not answer");
}

void PostgresServer::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGQUIT);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string PostgresServer::Connection(const std::string& database) {
  Run(Binaries() + "/createdb -h " + folder_ + " -U chancery " + database +
      " 2>/dev/null");
  return "host=" + folder_ + " user=chancery dbname=" + database;
}

}  // namespace chancery::storage::testing
