#include "testnet/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace giro::testnet {
namespace {

Exit exit_of(int status) {
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  return {false, WEXITSTATUS(status)};
}

}  // namespace

std::string Exit::to_string() const {
  return (by_signal ? "signal " : "exit code ") + std::to_string(number);
}

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

bool wait_for_end(int pidfd, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd watched{pidfd, POLLIN, 0};
    const int ready =
        ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::filesystem::path own_program() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path("giro") : path;
}

std::expected<Process, std::string> Process::start(const Command& command) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!command.output.empty()) {
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, command.output.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  }
  // A child starts with no signal blocked and none ignored, whatever the parent does with its own.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (command.new_session) flags = static_cast<short>(flags | POSIX_SPAWN_SETSID);
  posix_spawnattr_setflags(&attributes, flags);
  std::vector<char*> arguments;
  for (const auto& argument : command.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, command.arguments.front().c_str(), &files, &attributes,
                                  arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return std::unexpected("cannot start " + command.arguments.front() + ": " +
                           std::strerror(error));
  }
  const int pidfd = open_pidfd(pid);
  Process process(pid, pidfd);
  if (pidfd < 0) return std::unexpected(std::string("pidfd_open: ") + std::strerror(errno));
  ::fcntl(pidfd, F_SETFD, FD_CLOEXEC);
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      exit_(std::exchange(other.exit_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(exit_, other.exit_);
  return *this;
}

Process::~Process() {
  if (pid_ > 0 && !exit_) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  if (pidfd_ >= 0) ::close(pidfd_);
}

bool Process::is_running() {
  return pid_ > 0 && !wait(std::chrono::milliseconds(0));
}

void Process::signal(int number) {
  if (pid_ > 0 && !exit_) ::kill(pid_, number);
}

std::optional<Exit> Process::wait(std::chrono::milliseconds deadline) {
  if (exit_ || pid_ <= 0) return exit_;
  if (!wait_for_end(pidfd_, deadline)) return std::nullopt;
  int status = 0;
  if (::waitpid(pid_, &status, 0) == pid_) exit_ = exit_of(status);
  return exit_;
}

Exit Process::stop(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  signal(SIGCONT);  // a paused process ends, too
  if (auto ended = wait(patience)) return *ended;
  signal(SIGKILL);
  return wait(std::chrono::seconds(10)).value_or(Exit{true, SIGKILL});
}

void Process::release() {
  if (pidfd_ >= 0) ::close(pidfd_);
  pid_ = pidfd_ = -1;
}

}  // namespace giro::testnet
