// Running a task on manual time, for tests.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "io/loop.h"
#include "io/task_group.h"

namespace knit::master {

// Starts the task, lets at most `d` pass, and gives its result. A test whose task has not ended by then
// fails.
template <class T>
T run_manual(io::Loop& loop, io::Task<T> task, io::Duration d) {
  std::optional<T> out;
  loop.run([](io::Task<T> task, std::optional<T>& out, io::Loop& loop, io::Duration d) -> io::Task<void> {
    io::TaskGroup group;
    group.spawn([](io::Task<T> task, std::optional<T>& out) -> io::Task<void> {
      out.emplace(co_await std::move(task));
    }(std::move(task), out));
    loop.post([&loop, &out, d] {
      // In steps, so that time stops soon after the task has ended.
      for (io::Duration passed{}; passed < d && !out; passed += std::chrono::seconds(1)) {
        loop.advance(std::chrono::seconds(1));
      }
    });
    co_await group.join();
  }(std::move(task), out, loop, d));
  return std::move(*out);
}

}  // namespace knit::master
