// What earlier attempts of the master have left: their journal, and the containers that outlive them.
#include <fmt/format.h>

#include <utility>

#include "base/try.h"
#include "master/master.h"
#include "yarn/exit_status.h"

namespace knit::master {

void Master::restore(const control::JournalEntry& entry) {
  if (const auto* master = std::get_if<control::MasterStarted>(&entry)) {
    predecessor_ = *master;
  } else if (const auto* starting = std::get_if<control::InstanceStarting>(&entry)) {
    web_addresses_[starting->node] = starting->node_http_address;
    instances_.restore_begun({starting->instance, starting->restart, starting->container, starting->node},
                             starting->time);
  } else if (const auto* started = std::get_if<control::InstanceStarted>(&entry)) {
    any_ran_ = true;
    instances_.started(started->container);
  } else if (const auto* ended = std::get_if<control::InstanceEnded>(&entry)) {
    app::Exit exit{.exit_class = ended->exit_class,
                   .status = ended->exit_status,
                   .reason = ended->reason,
                   .last_output = yarn::stderr_tail(ended->diagnostics)};
    instances_.restore_ended(ended->instance, ended->restart, std::move(exit), ended->final, ended->time);
  } else if (const auto* scaled = std::get_if<control::Scaled>(&entry)) {
    instances_.restore_scaled(scaled->total, scaled->removed, scaled->held);
  } else if (const auto* again = std::get_if<control::RestartRequested>(&entry)) {
    (void)instances_.restart(again->instance);  // nothing to do for one that has ended since
  } else if (const auto* stop = std::get_if<control::StopRequested>(&entry)) {
    instances_.restore_stop_request();
    stop_requested_ = *stop;
  } else if (const auto* over = std::get_if<control::ApplicationEnded>(&entry)) {
    conclusion_ = app::Conclusion{over->status, over->diagnostics};
    recorded_ = true;
  }
}

io::Task<Status> Master::recover() {
  KNIT_CO_TRY(const auto entries, co_await journal_.recover());
  recovered_ = true;
  if (output_) output_->recovered(journal_.recovered_output());
  for (const auto& entry : entries) restore(entry);
  if (stop_requested_) instances_.stop();
  for (const auto& run : instances_.live()) unconfirmed_.insert(run.container);
  if (recorded_) {
    notes_.say("an earlier attempt has finished the application and only its farewell was not heard");
  } else if (!entries.empty()) {
    const auto counts = instances_.counts();
    notes_.say(fmt::format(
        "an earlier attempt has left a journal: {} instances are done, {} have a container, {} wait for one",
        counts.succeeded + counts.failed + counts.stopped + counts.removed, unconfirmed_.size(),
        counts.pending));
  }
  co_return Status();
}

// What the ResourceManager says of the containers that earlier attempts have left. It lists those that run
// (AbstractYarnScheduler.getTransferredContainers; doneApplicationAttempt has ended those that it did not yet
// know to be running); ends come as all ends do.
void Master::take_over() {
  for (const auto& container : std::exchange(previous_, {})) {
    const auto run = instances_.find(container.id);
    if (!run) {
      // Nothing that the journal knows, so it was given to a master that could not write down what for.
      allocation_.release(container.id);
    } else if (unconfirmed_.erase(container.id) > 0) {
      any_ran_ = true;
      if (instances_.started(container.id))
        journal_.append(control::InstanceStarted{container.id, io::wall_now()});
      notes_.say(
          fmt::format("instance {} runs on in {}, taken over", run->instance, to_string(container.id)));
    }
  }
  give_up_missing();
}

void Master::give_up_missing() {
  if (unconfirmed_.empty() || io::now() < take_over_until_) return;
  for (const auto& container : std::exchange(unconfirmed_, {})) {
    app::Exit exit{.exit_class = app::ExitClass::kLost,
                   .status = yarn::exit_status::kLost,
                   .reason = "was lost with an earlier attempt of the master"};
    // Should it run after all: never two of one instance.
    allocation_.release(container);
    if (const auto ended = instances_.ended(container, std::move(exit), io::wall_now())) tell_end(*ended, {});
  }
}

}  // namespace knit::master
