#include "cli/signals.h"

#include <knit/result.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace knit::cli {

Signals::Signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&taken, signal);
  pthread_sigmask(SIG_BLOCK, &taken, &before_);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
  signal_fd_ = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signal_fd_ < 0 || wake_fd_ < 0) throw Bug("no file descriptor is left for signals");
  thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  eventfd_write(wake_fd_, 1);
  thread_.join();
  close(signal_fd_);
  close(wake_fd_);
  sigaction(SIGPIPE, &pipe_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::handle(std::function<void(int, int)> handler) {
  {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }
  eventfd_write(wake_fd_, 1);
}

void Signals::settle() {
  const std::lock_guard calling(calling_);
}

int Signals::first() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

void Signals::run() {
  while (true) {
    pollfd wait[2] = {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return;
    eventfd_t ignored = 0;
    eventfd_read(wake_fd_, &ignored);
    signalfd_siginfo info;
    while (read(signal_fd_, &info, sizeof info) == sizeof info) {
      const std::lock_guard lock(mutex_);
      pending_.push_back(static_cast<int>(info.ssi_signo));
      if (first_ == 0) first_ = pending_.back();
    }
    deliver();
    const std::lock_guard lock(mutex_);
    if (ended_) return;
  }
}

void Signals::deliver() {
  while (true) {
    const std::lock_guard calling(calling_);
    std::function<void(int, int)> handler;
    int signal = 0, count = 0;
    {
      const std::lock_guard lock(mutex_);
      if (pending_.empty()) return;
      if (!handler_) {
        stop_.request_stop();
        return;
      }
      handler = handler_;
      signal = pending_.front();
      pending_.pop_front();
      count = ++count_;
    }
    handler(signal, count);
  }
}

}  // namespace knit::cli
