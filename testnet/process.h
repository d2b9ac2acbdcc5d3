// A child process: started, watched without races through its pidfd, ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace giro::testnet {

struct Command {
  std::vector<std::string> arguments;  // the program first
  std::filesystem::path output;        // stdout and stderr are appended here; empty: inherited
  bool new_session = false;            // away from the terminal and its signals
};

struct Exit {
  bool by_signal = false;
  int number = 0;                               // exit code or signal
  [[nodiscard]] std::string to_string() const;  // "exit code 78", "signal 9"
};

// Movable. Destruction kills and reaps what still runs.
class Process {
 public:
  [[nodiscard]] static std::expected<Process, std::string> start(const Command& command);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_; }  // readable once it has ended
  [[nodiscard]] bool is_running();
  void signal(int number);
  // nullopt: still running at the deadline.
  [[nodiscard]] std::optional<Exit> wait(std::chrono::milliseconds deadline);
  // SIGTERM, then SIGKILL when the patience is over.
  Exit stop(std::chrono::milliseconds patience);
  void release();  // it goes on without us

 private:
  Process(pid_t pid, int pidfd) : pid_(pid), pidfd_(pidfd) {}
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<Exit> exit_;
};

// This program, for starting it again.
[[nodiscard]] std::filesystem::path own_program();

// Waits until a process that need not be our child has ended. False at the deadline.
[[nodiscard]] bool wait_for_end(int pidfd, std::chrono::milliseconds deadline);
[[nodiscard]] int open_pidfd(pid_t pid);  // -1: there is no such process

}  // namespace giro::testnet
