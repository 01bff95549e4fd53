// What failed runs wrote last, kept in the journal: a cluster without log aggregation forgets it at the
// application's end. A driver.
#pragma once

#include <knit/ids.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "control/journal.h"
#include "io/task_group.h"
#include "io/wait.h"
#include "logs/node_pages.h"
#include "master/journal.h"
#include "master/notes.h"

namespace knit::master {

// Reads the end of stdout and stderr from the NodeManagers' pages in the background and appends it to the
// journal: of an application's first failures, as many as fit, and of its last ones, which are held back
// until finish(). Nobody waits for it but finish(). A node that does not answer is not asked again for a
// while; the entry then says why there is nothing. Owned by the master, belongs to its loop; call finish() or
// stop() before it goes.
class FailedOutput {
 public:
  struct Limits {
    // Of what the journal holds. A journal of 10,000 failures with full streams would come to 1.3 GB.
    std::size_t first = 4u << 20, last = 1u << 20;
    std::size_t waiting = 1000;  // failures that are still to be read; the oldest ones give way
    int at_once = 4;
    std::chrono::milliseconds patience{3'000};     // with one run's pages
    std::chrono::milliseconds node_pause{30'000};  // after a node did not answer
    std::chrono::milliseconds finish_timeout{5'000};
  };

  // `pages`, or why there are none to be asked (they speak TLS).
  FailedOutput(Result<logs::NodePages> pages, Journal& journal, Notes& notes);
  FailedOutput(Result<logs::NodePages> pages, Journal& journal, Notes& notes, Limits limits);

  // So many bytes of the journal are earlier attempts' entries.
  void recovered(std::size_t bytes) { written_ += bytes; }
  // `address`: of its NodeManager's pages, "host:port".
  void keep(const ContainerId& container, std::string address);
  // Waits for what is still being read, in bounds, and appends the last ones.
  io::Task<void> finish();
  io::Task<void> stop() { co_await workers_.stop(); }

 private:
  struct Wanted {
    ContainerId container;
    std::string address;
  };
  io::Task<void> work();
  io::Task<control::InstanceOutput> read(Wanted wanted);
  io::Task<Result<control::InstanceOutput>> ask(Wanted wanted);
  void add(const control::InstanceOutput& entry);

  Result<logs::NodePages> pages_;
  Journal& journal_;
  Notes& notes_;
  Limits limits_;
  std::deque<Wanted> waiting_;
  std::deque<std::string> last_;  // lines
  std::size_t written_ = 0, last_size_ = 0;
  bool full_ = false;         // from here on only the last ones are kept
  std::size_t left_out_ = 0;  // failures
  struct Silence {
    io::TimePoint until{};
    std::string why;
  };
  std::map<std::string, Silence> silent_;  // by address
  int working_ = 0;
  io::TaskGroup workers_;
};

}  // namespace knit::master
