// Signals that a command takes itself instead of dying of them.
#pragma once

#include <csignal>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace knit::cli {

// Takes SIGINT, SIGTERM and SIGHUP for as long as it lives, on a thread of its own, and ignores SIGPIPE: a
// write to a closed pipe then fails with EPIPE. Signals are blocked in the thread that makes it and in those
// started later, so make it before Context::client() starts the runtime's thread. One at a time.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Called on the signals' own thread, once for each signal, `count` counting from 1. Signals that came
  // before are handed over first; an empty handler gives them back to stop().
  void handle(std::function<void(int signal, int count)> handler);
  // Returns when no handler is being called any more. Not from a handler.
  void settle();
  // Set by the first signal that comes while there is no handler.
  std::stop_token stop() const { return stop_.get_token(); }
  // The first one so far, or 0.
  int first() const;

 private:
  void run();
  void deliver();

  mutable std::mutex mutex_;
  std::mutex calling_;  // held while a handler is called
  std::function<void(int, int)> handler_;
  std::deque<int> pending_;
  int first_ = 0, count_ = 0;
  bool ended_ = false;
  std::stop_source stop_;
  sigset_t before_;
  struct sigaction pipe_before_;
  int signal_fd_ = -1, wake_fd_ = -1;
  std::thread thread_;
};

}  // namespace knit::cli
